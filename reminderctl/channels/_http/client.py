"""One HTTP request per attempt, for every provider that speaks HTTP.

answer = request(self._session, "POST", url=url, headers={...}, body=b"...")
refusal = classify_status(answer.status, answer.retry_after, text=describe(answer, hide=[token]))
if refusal:
    raise refusal
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reminderctl import __version__
from reminderctl.channels._http.responses import Response, classify_status, describe, read_retry_after
from reminderctl.errors import ChannelDown, Rejected, Unavailable, Unknown

if TYPE_CHECKING:
    import requests

    from reminderctl.http_transport.transport import HttpSession

__all__ = ["DEADLINE", "Response", "classify_status", "describe", "host_of", "read_retry_after", "request", "session"]

DEADLINE = 30.0  # seconds for one attempt, from the look-up of the name to the last byte of the answer
USER_AGENT = f"reminderctl/{__version__}"  # Meta's API refuses a version of fewer than three numbers

_LONGEST_BODY = 64 * 1024  # bytes of an answer that are read


def session(*, keep_alive: bool = False) -> HttpSession:
    """Return the connections of one thread; close them at the end.

    Without `keep_alive` each request has a connection of its own: on a kept one, a request can meet a server that is
    just hanging up, and nobody knows whether it was read. Keep connections only where a repetition does no harm.
    A proxy and certificate authorities are taken from the environment, as everywhere; passwords from ~/.netrc are not.
    """
    from reminderctl.http_transport import transport

    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    return transport.HttpSession(headers, keep_alive=keep_alive)


def request(
    session: HttpSession,
    method: str,
    *,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    timeout: float = DEADLINE,
    public_only: bool = False,
) -> Response:
    """Make one request, and no other: redirects are answers. Gives the answer, whatever its status.

    `timeout` is the seconds that all of it may last. `public_only` refuses a host with a private address.
    Raises `Rejected` where there is no such request, `Unavailable` where nothing was sent, `ChannelDown` where the
    server's certificate cannot be trusted or the environment names a proxy that cannot be used, `Unknown` where the
    request may have arrived. None of them names more of the URL than its host.
    """
    from reminderctl.http_transport import sockets

    host = host_of(url)
    prepared = _prepare(session, method, url=url, headers=headers or {}, content=form or body, auth=auth)
    with sockets.attempt(timeout, public_only=public_only, keep_alive=session.keep_alive):
        answer = _read(host, _carry(session, prepared, host=host, timeout=timeout))
        if session.keep_alive and answer.complete and sockets.got_surplus():
            session.stop_keeping_connections()
        return answer


def _carry(session: HttpSession, prepared: requests.PreparedRequest, *, host: str, timeout: float) -> requests.Response:
    """Return the head of the answer to a request; raises the error that says whether it may have arrived."""
    import requests
    import urllib3

    from reminderctl.http_transport import transport

    try:
        return session.carry(prepared, timeout=timeout)
    except (transport.Distrusted, transport.Misdirected) as error:
        raise ChannelDown(str(error)) from None
    except transport.NotSent as error:
        raise Unavailable(str(error)) from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        raise Rejected(f"the URL at {host} cannot be requested; write http:// or https:// and a host") from None
    except requests.exceptions.Timeout:
        raise Unknown(f"{host} gave no answer within {timeout:g} s; the request may have arrived") from None
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError):
        raise Unknown(f"{host} broke off before it had answered; the request may have arrived") from None


def _prepare(
    session: HttpSession, method: str, *, url: str, headers: Mapping[str, str], content: Any, auth: Any
) -> requests.PreparedRequest:
    """Return the request, made without the session, which would add cookies and passwords from ~/.netrc."""
    import requests

    try:
        # As bytes: `requests` would send them as Latin-1, which receivers read no more, and which lacks most letters.
        encoded = {name: value if value.isascii() else value.encode() for name, value in headers.items()}
        merged = {**session.headers, **encoded, "Connection": session.headers["Connection"]}
        return requests.Request(method, url, headers=merged, data=content, auth=auth).prepare()
    except requests.exceptions.InvalidHeader:
        what = "a header contains a line break or begins with a space"
    except UnicodeEncodeError:
        what = "a header holds a character that headers cannot carry"
    except (requests.exceptions.RequestException, ValueError):
        what = "its URL is not valid"
    raise Rejected(f"the request to {host_of(url)} cannot be made: {what}")


def _read(host: str, response: requests.Response) -> Response:
    """Return the answer, with as much of its body as comes; its status is known, whatever becomes of the body."""
    import requests
    import urllib3

    body, complete = b"", False
    try:
        body = response.raw.read(_LONGEST_BODY + 1, decode_content=True)
        complete = len(body) <= _LONGEST_BODY
    except (urllib3.exceptions.HTTPError, requests.exceptions.RequestException, OSError):
        pass
    finally:
        if not complete:
            response.raw.close()  # what is still to come must not be taken for the next answer
        response.raw.release_conn()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(
        host=host, status=response.status_code, headers=headers, body=body[:_LONGEST_BODY], complete=complete
    )


def host_of(url: str) -> str:
    """Return the host that a URL names, which is all of it that an error text may hold."""
    try:
        return urlsplit(url).hostname or "no host"
    except ValueError:
        return "no host"
