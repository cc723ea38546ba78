"""Sources of the YAML: bookings straight from where they are, read by each run before it plans.

Nothing here is imported where the YAML names no source.

1. `target`: the address of a source, its secrets filled in;
2. `readers`: one module for each kind, which reads what there is and changes nothing: `sql` for databases, with
   `mysql`, `postgres` and `sqlite` for what they do differently; `files` for exports;
3. `records`: what was read, in the words and with the ids that it has here;
4. `reading`: one reading of one source, compared with the last one;
5. `writer`: what differs, into sources.db, in one transaction;
6. `synced`: the sources of a run, from the reading to the moment before a message goes; `outcome`: what became of each;
   `trouble`: what people hear of it.

For the person who sets up a source: `trial`, a reading that writes nothing, with `advice`, which finds the tables of a
query (`query_tables`) and asks the database about them (`mysql_rights`, `postgres_rights`).
"""
