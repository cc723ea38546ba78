"""SMS: one file a provider."""

from reminderctl.channels.sms._segments import count_segments

__all__ = ["count_segments"]
