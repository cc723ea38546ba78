"""Pure decisions: no clock, no file, no network."""
