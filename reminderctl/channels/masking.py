"""Hiding what opens doors in a request that people look at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_plus, urlsplit, urlunsplit

MASK = "***"
# `Bearer x` says how a door is opened; the x opens it.
_SCHEME = re.compile(r"(?i)(basic|bearer|digest|token)\s+(?=\S)")
_HEADER = re.compile(r"(?i)auth|cookie|key$|token|secret|signature|password")
_PARAMETER = re.compile(r"(?i)key$|token|secret|signature|^sig$|passw|^pwd$")
_SHOWN = frozenset({"idempotency-key"})


def is_secret_header(name: str) -> bool:
    """Return True for the name of a header whose value opens doors."""
    return _HEADER.search(name) is not None and name.lower() not in _SHOWN


def is_secret_parameter(name: str) -> bool:
    """Return True for the name of a URL's parameter whose value opens doors."""
    return _PARAMETER.search(unquote_plus(name)) is not None


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with the values of the secret ones masked; how a key is given, as in `Bearer ***`, stays."""
    return {name: _mask_value(value) if is_secret_header(name) else value for name, value in headers.items()}


def mask_url(url: str) -> str:
    """Return the URL with user and password, and the values of secret parameters, masked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    user, at, host = parts.netloc.rpartition("@")
    query = "&".join(map(_mask_parameter, parts.query.split("&"))) if parts.query else ""
    return urlunsplit(parts._replace(netloc=f"{MASK}{at}{host}" if user else parts.netloc, query=query))


def _mask_value(value: str) -> str:
    found = _SCHEME.match(value)
    return f"{found[1]} {MASK}" if found else MASK


def _mask_parameter(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value and is_secret_parameter(name) else pair
