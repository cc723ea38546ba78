"""Lets `python -m reminderctl` be the command line."""

from reminderctl.cli import main

main()
