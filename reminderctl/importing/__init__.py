"""Importing bookings from another program's export; this package is imported only when something is imported.

CSV, TSV, JSON, NDJSON and iCalendar, by content. A flat row is one customer in one booking; rows with the same `id` are
one booking, and must agree on everything but the customer. JSON may nest `customers` and `fields` instead. Without an
`ends_at`, a `duration` in minutes must be there. Unknown columns are keys of `fields`: the booking's where all of its
rows say the same, else the participants'. What a file has no column for stays as it is stored; an empty cell empties
it, but for a status, which only a filled one sets.

`importer` runs the steps, and each step changes the form of what it is given:

1. `export_file`: the bytes of a file -> text in its encoding;
2. `formats`: text -> `ExportRecord`s, one per row, object or event, each with its line and its values by column name
   (`columns` knows the names);
3. `rows`: `ExportRecord` -> `Row`: `BookingDetails`, `Attendee`s and entities (customers, services, staff,
   locations), from texts that `values` and `times` read;
4. `batch`: `Row`s -> `Batch`: an `ImportedBooking` for each id, and each entity once, under a key;
5. `identity`: keys -> ids, old or new;
6. `merge`: `Batch` and ids, over what is stored -> the rows of the tables that differ;
7. `store`: those rows -> bookings.db, in one transaction; `missing` cancels there what the file does not hold.
"""

from reminderctl.importing.importer import ImportOptions, ImportResult, Progress, import_bookings

__all__ = ["ImportOptions", "ImportResult", "Progress", "import_bookings"]
