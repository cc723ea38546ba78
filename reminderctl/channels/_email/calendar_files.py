"""The calendars in a mail: a program that reads one wants to know whose the appointment is."""

from __future__ import annotations

from msgspec import structs

from reminderctl.channels.addresses import Mailbox
from reminderctl.model import Attachment

_OURS = ("text/calendar; method=PUBLISH", "text/calendar; method=CANCEL")


def with_organizer(attachment: Attachment, sender: Mailbox) -> Attachment:
    """Return a calendar with the mail's sender as the organizer of the events that have none (RFC 5546, 3.2).

    Anything else is returned as it is.
    """
    if b"BEGIN:VEVENT" not in attachment.content or not attachment.content_type.startswith(_OURS):
        return attachment
    from icalendar import Calendar, vCalAddress, vText

    calendar = Calendar.from_ical(attachment.content)
    without = [event for event in calendar.walk("VEVENT") if "ORGANIZER" not in event]
    for event in without:
        organizer = vCalAddress(f"mailto:{sender.address}")
        if sender.name:
            organizer.params["CN"] = vText(sender.name.replace('"', "'"))
        event.add("organizer", organizer)
    return structs.replace(attachment, content=calendar.to_ical()) if without else attachment
