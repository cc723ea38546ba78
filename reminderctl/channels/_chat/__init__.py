"""The kinds of chat room: one file for each service, found by its name."""
