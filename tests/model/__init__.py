"""A small model of SPEC 6, and a machine that plays it against reminderctl (`python -m tests.model --help`)."""
