"""Sends what workflows in YAML owe to the bookings in SQLite, each time cron calls."""

__version__ = "0.1.0"
