"""iCalendar (RFC 5545): an export of calendar programs."""
