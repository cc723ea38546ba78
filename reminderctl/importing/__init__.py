"""Importing bookings from another program's export; imported only when something is imported."""

from reminderctl.importing.importer import Choices, Imported, Progress, import_bookings

__all__ = ["Choices", "Imported", "Progress", "import_bookings"]
