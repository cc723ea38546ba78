"""The page that shows in a browser what the workflows would send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from reminderctl.core import recipients
from reminderctl.files import atomic_write
from reminderctl.model import Config, Workflow
from reminderctl.reports.preview.fields import find_form
from reminderctl.reports.preview.models import Trial
from reminderctl.reports.preview.page import frames, words
from reminderctl.reports.preview.run import own_findings
from reminderctl.text import pluralize

TEMPLATE = "page.html.jinja"
MOST_FRAMES = 200  # a browser takes about 30 ms for each, folded away or not


class Chapter(NamedTuple):
    """One workflow with its trials; `anchor` is its place in the page."""

    anchor: str
    workflow: Workflow
    trials: Sequence[Trial]

    @property
    def problems(self) -> int:
        """Return the number of problems that its trials have."""
        return sum(len(trial.problems) for trial in self.trials)

    @property
    def opened(self) -> Trial | None:
        """Return the trial that is not folded: the first that matches."""
        return next((trial for trial in self.trials if trial.matches), None)


def write_page(path: Path, trials: Sequence[Trial], *, config: Config, now: datetime) -> None:
    """Write the page; it appears whole, or not at all. Raises OSError where it cannot be written."""
    content = render_page(trials, config=config, now=now).encode(errors="replace")  # half a character has no bytes
    with atomic_write(path) as file:
        file.write(content)


def render_page(trials: Sequence[Trial], *, config: Config, now: datetime) -> str:
    """Return the page as one HTML document that asks the network for nothing."""
    grouped = [list(of_workflow) for _, of_workflow in groupby(trials, key=lambda trial: trial.workflow.id)]
    chapters = [Chapter(f"w{at}", group[0].workflow, group) for at, group in enumerate(grouped, start=1)]
    return _template().render(
        config=config,
        chapters=chapters,
        at=now.astimezone(ZoneInfo(config.timezone)),
        samples=len({trial.sample.booking.id for trial in trials}),
        messages=sum(len(trial.messages) for trial in trials),
        framed=sum(bool(each.fields.get("html")) for trial in trials for each in trial.messages) <= MOST_FRAMES,
        problems=sum(len(trial.problems) for trial in trials) + len(config.broken),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("reminderctl.reports.preview.page", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "CHANNELS": recipients.CHANNELS,
        "describe_workflow": words.describe_workflow,
        "find_form": find_form,
        "find_points": words.find_points,
        "frame_mail": frames.frame_mail,
        "frame_telegram": frames.frame_telegram,
        "name_of_recipient": recipients.name_of_recipient,
        "others": words.others,
        "own_findings": own_findings,
    }
    environment.filters |= {
        "clock": words.clock,
        "count": pluralize,
        "named": words.named,
        "shown_notes": words.shown_notes,
        "tag": words.language_tag,
    }
    return environment.get_template(TEMPLATE)
