"""The final HTTP response to a request, read exactly to its end.

On a kept connection nothing but their order says which response belongs to which request. So a response that is taken
for another one's shifts all that follow, and a refused message would be recorded as sent.
"""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any

SWITCHING_PROTOCOLS = 101  # the last response on a connection, though an interim one by its number
_MOST_INTERIM = 100  # responses before the final one


class FinalResponse(HTTPResponse):
    """The final response to a request; Python's own takes every interim one but 100 for it."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed lacks it
            if status >= 200 or status == SWITCHING_PROTOCOLS:
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException("interim responses without end")


class ResponseReader(io.BufferedReader):
    """The bytes of one response; `close` calls `report_surplus` where more have come than belong to it."""

    def __init__(self, raw: Any, sock: Any) -> None:
        super().__init__(raw)
        self._sock = sock

    def close(self) -> None:
        """Close the response; report what came beyond its end."""
        if not self.closed and self._has_more():
            self._sock.report_surplus()
        super().close()

    def _has_more(self) -> bool:
        """Look into the buffer, then at the connection, without waiting."""
        with self._sock.without_waiting():
            try:
                return bool(self.peek(1))
            except (OSError, ValueError):
                return False  # nothing there, or no connection any more
