"""`reminderctl shortcodes`: every name that a text may use."""

from __future__ import annotations

import click
import msgspec

from reminderctl.cli.console import print_json, print_table
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.messages.shortcodes import CATALOGUE


@click.command(cls=DocumentedCommand)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def command(*, as_json: bool) -> None:
    """List the shortcodes for message texts.

    Use them in braces anywhere in a text: `Hello {customer_first_name}`. A shortcode is empty if the booking has no
    value for it, and `reminderctl test` lists it. {custom.KEY} is any key of `fields`.
    """
    if as_json:
        print_json([msgspec.to_builtins(shortcode) for shortcode in CATALOGUE])
        return
    rows = [(f"{{{shortcode.name}}}", shortcode.meaning, shortcode.example) for shortcode in CATALOGUE]
    print_table(("shortcode", "meaning", "example"), rows, styles=("cyan", "", "dim"))
