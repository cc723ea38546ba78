"""Lint of texts that their channel carries at a price, or not at all."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping

from reminderctl.channels.sms import count_segments
from reminderctl.config.lint.located import LocatedWorkflow, module_of
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.message import node_at
from reminderctl.config.struct_reader import encoded_names
from reminderctl.errors import Rejected
from reminderctl.messages.examples import fill_in
from reminderctl.model import Company

MOST_SEGMENTS = 3
_COMPANY = frozenset(Company.__struct_fields__)
_SPELLINGS = {
    "'": "`\u00b4\u2018\u2019\u201a",
    '"': "\u201c\u201d\u201e\u00ab\u00bb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2022",
    " ": "\t",
    "l": "ł",
    "L": "Ł",
    "d": "đ",
    "D": "Đ",
    "i": "\u0131",
    "oe": "œ",
    "OE": "Œ",
}
_CHEAP_SPELLING = {character: plain for plain, characters in _SPELLINGS.items() for character in characters}
_PICTURES = frozenset({"So", "Sk", "Cf", "Mn"})  # and what changes their look


def warn_of_sms(workflows: list[LocatedWorkflow], parsed: ParsedConfig) -> None:
    """Warn of texts that take more than three SMS, or more than they need for the sake of a character or two."""
    for located in workflows:
        for index, action, node in located.actions():
            body = action.message.get("body", "") if action.channel == "sms" else ""
            versions = {(): body} if isinstance(body, str) else {(language,): text for language, text in body.items()}
            for path, text in versions.items():
                language = path[0] if path else parsed.context.language
                for what, token in _lint_length(text, language=language, parsed=parsed):
                    located.warn(node_at(node, ("body", *path)), f"body: {what}", action=index, token=token)


def warn_of_subjects(workflows: list[LocatedWorkflow]) -> None:
    """Warn of mails without a subject."""
    for located in workflows:
        for index, action, node in located.actions():
            subject = action.message.get("subject", "x")
            versions = {"": subject} if isinstance(subject, str) else subject
            for language, text in versions.items():
                path = ("subject", language) if language else ("subject",)
                if not text.strip():
                    what = "is empty: an email without a subject is easily overlooked or marked as spam; add one"
                    located.warn(node_at(node, path), f"{'.'.join(path)}: {what}", action=index)


def warn_of_whatsapp(workflows: list[LocatedWorkflow], parsed: ParsedConfig) -> None:
    """Warn of texts that are no template, with which no business may begin a conversation."""
    for located in workflows:
        for index, action, node in located.actions():
            if action.channel == "whatsapp" and action.message.get("body"):
                names = encoded_names(module_of(action, parsed).Message)
                template = next(name for name in ("content_sid", "template") if name in names)
                located.warn(
                    node_at(node, ("body",)),
                    "body: WhatsApp delivers free text only to people who wrote to you within the last 24 hours, and "
                    f"refuses the rest; use an approved template instead: `{template}: ...`",
                    action=index,
                )


# --- the length of an SMS ---------------------------------------------------------------------------------------------


def _lint_length(text: str, *, language: str, parsed: ParsedConfig) -> Iterator[tuple[str, str]]:
    """Yield what to say of one text, and the character to point at."""
    company = parsed.context.company
    try:
        filled = fill(text, language=language, company=company)
    except Rejected:  # for `test` to show: it depends on the booking
        return
    takes = count_segments(filled).segments
    used = {name: str(getattr(company, name)) for name in re.findall(r"company_(\w+)", text) if name in _COMPANY}
    expensive = [each for each in dict.fromkeys("".join((text, *used.values()))) if is_expensive(each)]
    spellings = {character: cheap_spelling(character) for character in expensive}
    would_take = count_segments("".join(spellings.get(each, each) or "" for each in filled)).segments
    if would_take < takes and None not in spellings.values():
        of_company = {f"{{company_{name}}}": value for name, value in used.items() if any(map(is_expensive, value))}
        why, instead = _explain_expensive([each for each in expensive if each in text], of_company)
        what = f"about {takes} SMS instead of {would_take}, because {why} not in the SMS alphabet (GSM 03.38)"
        yield f"in {language} this takes {what}; {instead}", expensive[0]
    elif takes > MOST_SEGMENTS:
        yield (
            f"in {language} this takes about {takes} SMS, each of which costs money; shorten it to {MOST_SEGMENTS}",
            "",
        )


def _explain_expensive(characters: list[str], of_company: Mapping[str, str]) -> tuple[str, str]:
    """Return which characters, and where they come from, make an SMS long, with a verb; and what to write."""
    causes = [_show(each) for each in characters]
    rights = [f"write `{cheap}`" if (cheap := cheap_spelling(each)) else f"remove {_show(each)}" for each in characters]
    for shortcode, value in of_company.items():
        causes += [f"{_show(each)} of {shortcode}" for each in dict.fromkeys(value) if is_expensive(each)]
        rights.append(f"write `{_with_cheap_spellings(value)}` for {shortcode}")
    return f"{', '.join(causes)} {'is' if len(causes) == 1 else 'are'}", ", ".join(dict.fromkeys(rights))


def _show(character: str) -> str:
    """Return the character in quotes, or its name where nobody would see it."""
    unseen = unicodedata.category(character) in ("Cf", "Mn", "Zs", "Cc")
    return unicodedata.name(character, f"U+{ord(character):04X}").lower() if unseen else f"`{character}`"


@functools.lru_cache(maxsize=4096)
def is_expensive(character: str) -> bool:
    """Return True if a character takes an SMS out of its own alphabet, into one with less than half the places."""
    return count_segments(character).encoding == "UCS-2"


def cheap_spelling(character: str) -> str | None:
    """Return what to write instead in an SMS; nothing for a picture, None where the script has no other letters."""
    plain = _CHEAP_SPELLING.get(character)
    if plain is None:
        decomposed = unicodedata.normalize("NFKD", character)
        plain = "".join(each for each in decomposed if not unicodedata.combining(each))
        if unicodedata.category(character) in _PICTURES:
            return ""
    return None if any(map(is_expensive, plain)) else plain


def fill(text: str, *, language: str, company: Company) -> str:
    """Return the text with the catalogue's examples, in letters that cost nothing; raises `Rejected`."""
    return fill_in(text, language=language, company=company, change=_with_cheap_spellings).strip()


def _with_cheap_spellings(text: str) -> str:
    """Replace the expensive characters of a text by cheap ones."""
    return "".join((cheap_spelling(each) or "") if is_expensive(each) else each for each in text)
