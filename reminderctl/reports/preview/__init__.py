"""Trying workflows against sample bookings, without a trace."""
