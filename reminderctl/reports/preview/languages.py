"""The languages of the texts of a workflow, each to be shown once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from reminderctl import channels
from reminderctl.core.filters import FILTERS, language_of
from reminderctl.core.recipients import find_participant, reaches_customer
from reminderctl.messages import templates
from reminderctl.messages.field_types import FieldPath
from reminderctl.model import Action, Booking, Config, Delivery, Workflow
from reminderctl.reports.preview.models import Sample, Trial


def written_in(delivery: Delivery, action: Action, *, booking: Booking, config: Config) -> str:
    """Return the language of a message: of the versions that were taken, else that of its dates and times."""
    language = language_of(find_participant(delivery, booking), config.language)
    taken = [
        templates.choose_version(versions, language, default_language=config.language)[0]
        for versions in _versions(action, config)
    ]
    plain = language if reaches_customer(delivery.recipient) else config.language
    return ", ".join(dict.fromkeys(taken)) or plain


def in_other_languages(workflow: Workflow, shown: Trial, *, config: Config) -> Iterator[Sample]:
    """Yield the sample of a trial once more for each language of the workflow's texts that it does not show."""
    seen = {_tag(each) for message in shown.messages for each in message.language.split(", ")}
    first = shown.sample.booking.participants[:1]
    for language in _languages(workflow, config) if first else ():
        if _tag(language) in seen or _tag(language) in {each.partition("-")[0] for each in seen}:
            continue
        booking = FILTERS["language"].with_value(structs.replace(shown.sample.booking, participants=first), language)
        name = f"{shown.sample.name}, in {language}"
        about = f"as {shown.sample.name}, for who reads {language}"
        yield structs.replace(shown.sample, name=name, about=about, booking=booking, shows=language)


def only_in(trial: Trial, language: str) -> Trial:
    """Return a trial with the messages alone that are written in a language."""
    messages = tuple(each for each in trial.messages if language in each.language.split(", "))
    return structs.replace(trial, messages=messages)


def _languages(workflow: Workflow, config: Config) -> Iterable[str]:
    return dict.fromkeys(
        language for action in workflow.actions for versions in _versions(action, config) for language in versions
    )


def _versions(action: Action, config: Config) -> list[Mapping[str, str]]:
    """Return each text of an action that comes in several languages."""
    found: list[Mapping[str, str]] = []

    def note(path: FieldPath, text: Any, *, text_type: Any) -> Any:  # noqa: ARG001
        if isinstance(text, Mapping):
            found.append(text)
        return text

    templates.transform(channels.module(config.channels[action.channel]).Message, action.message, change=note)
    return found


def _tag(language: str) -> str:
    return language.strip().replace("_", "-").casefold()
