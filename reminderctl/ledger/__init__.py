"""The ledger: what reminderctl remembers, in a SQLite file of its own (docs/reference/ledger.md).

- `store`: making, checking, opening and migrating the file; the `Ledger` that is passed around;
- `watermarks`: how far each trigger has been planned; `sources`: with which state of the bookings;
   `readings`: when each source of the YAML was last read; `unreadable`: which bookings could not be read;
- `queue`: deliveries that wait; `checks`: how far they have been checked again;
   `claims`: those that a run has taken to send;
- `circuits`: what is paused together when a provider fails;
- `runs`: who is running, and who has died; `liveness`: the lock file by which that shows;
- `history`: what people read; `stats`: what a watcher reads;
- `decisions`: what people decide; `retention`: what they let the ledger forget.
"""

from reminderctl.ledger.store import Ledger, create

__all__ = ["Ledger", "create"]
