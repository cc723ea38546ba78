"""Runs that are killed, and who judges what became of their messages (`python -m tests.crash --help`)."""
