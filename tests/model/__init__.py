"""A small model of what fires, and a machine that plays it against reminderctl (`python -m tests.model --help`)."""
