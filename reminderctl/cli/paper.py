"""What a long answer is printed on: wrapped and coloured for a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import click

from reminderctl.text import sanitize

Part = str | tuple[str, str]

_INDENT = "  "


class Paper:
    """Prints lines, tables of labels and values, and quotations, each indented by so many characters."""

    def __init__(self) -> None:
        from reminderctl.cli.terminal import Terminal

        self._console = Terminal(highlight=False, markup=False, emoji=False)

    def line(self, *parts: Part, indent: int = 0, hanging: int = 0, style: str = "") -> None:
        """Print one line; a part is a text, or a text with its style. What wraps stands further in by `hanging`."""
        texts = [(part, "") if isinstance(part, str) else part for part in parts]
        texts = [(sanitize(text), own) for text, own in texts]
        if not self._console.is_terminal:
            click.echo(" " * indent + "".join(text for text, _ in texts))
            return
        from rich.padding import Padding
        from rich.text import Text

        whole = Text.assemble(*texts, style=style)
        lines = whole.wrap(self._console, max(self._console.width - indent - hanging, 20))
        for number, each in enumerate(lines):
            self._console.print(Padding(each, (0, 0, 0, indent + (hanging if number else 0))))

    def blank(self) -> None:
        """Print an empty line."""
        click.echo()

    def rule(self) -> None:
        """A line across the terminal; nothing elsewhere, where a blank line divides enough."""
        if self._console.is_terminal:
            self._console.rule(style="dim")

    def table(self, rows: Iterable[tuple[str, str]], *, indent: int) -> None:
        """Print labels with their values, one below the other."""
        rows = [(label, sanitize(value)) for label, value in rows]
        width = max((len(label) for label, _ in rows), default=0)
        if not self._console.is_terminal:
            for label, value in rows:
                first, *others = value.split("\n")
                click.echo(f"{' ' * indent}{label:{width}}  {first}")
                for other in others:
                    click.echo(" " * (indent + width + 2) + other)
            return
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in rows:
            grid.add_row(label, Text(value))
        if rows:
            self._console.print(Padding(grid, (0, 0, 0, indent)))

    def quote(self, text: str, *, indent: int, title: str = "") -> None:
        """Print a text as it stands, in a frame."""
        text = sanitize(text).expandtabs()
        if not self._console.is_terminal:
            if title:
                click.echo(f"{' ' * indent}{title}")
            for line in text.split("\n"):
                click.echo(f"{' ' * indent}| {line}".rstrip())
            return
        from rich.padding import Padding
        from rich.panel import Panel
        from rich.text import Text

        panel = Panel(
            Text(text, overflow="fold"),
            title=title or None,
            title_align="left",
            expand=False,
            border_style="dim",
            padding=(0, 1),
        )
        self._console.print(Padding(panel, (0, 0, 0, indent)))
