"""A console on which no text does anything to the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from reminderctl.text import sanitize


class Terminal(Console):
    """Rich's console, with all that it prints made harmless; its own colours and movements are not concerned.

    With NO_COLOR (no-color.org) it knows no styles at all: bold and dim are escapes, too.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(color_system=None if os.environ.get("NO_COLOR") else "auto", **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is printed, with the texts sanitized."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=sanitize(segment.text))
