"""The way HTTP requests take to the network: everything that an attempt waits for has one deadline.

A time-out of `requests` bounds each read by itself, so a server that sends a byte now and then holds the caller for
ever. Here the sockets themselves know how long the attempt may still last, and wait no longer, whatever they wait for:
TCP, TLS, the request, the head or the body. Only the resolver cannot be hurried: resolv.conf says how long it waits.

Imports requests, so that it is itself imported late, by `client`.
"""

from __future__ import annotations

import functools
import math
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from reminderctl import clocks
from reminderctl.http_transport.final_response import SWITCHING_PROTOCOLS, FinalResponse
from reminderctl.http_transport.sockets import Socket, TLSSocket, time_left
from reminderctl.http_transport.sockets import current as _attempt

_CONNECTING = 10.0  # seconds for TCP, shared by all addresses of a name
_IDLE = 1.0  # seconds that a connection may have rested and still be used: servers close theirs after 2 or more


class NotSent(Exception):  # noqa: N818 - what happened, as in `errors`
    """No byte of the request has left."""


class Misdirected(NotSent):
    """No byte of the request has left, because the environment names a proxy that cannot be used."""


class Distrusted(NotSent):
    """No byte of the request has left, because the server's certificate cannot be trusted."""


class _HTTPConnection(HTTPConnection):
    """A connection on such a socket, used again only at once and only if its responses came in order."""

    response_class = FinalResponse
    used_at = -math.inf

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def connect(self) -> None:
        with _explained(self):
            super().connect()

    def getresponse(self) -> Any:
        response = super().getresponse()
        keep = _attempt.keep_alive and response.status != SWITCHING_PROTOCOLS
        self.used_at = clocks.seconds() if keep else -math.inf
        return response

    @property
    def is_connected(self) -> bool:
        in_order = getattr(self.sock, "in_order", False)  # TLS inside a proxy's TLS does not say
        return in_order and clocks.seconds() - self.used_at < _IDLE and super().is_connected


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    """The same in TLS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect without urllib3's warning: `tls: off` is what somebody has written."""
        if conn.is_closed:
            conn.connect()


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


@functools.cache
def _socks_pools() -> dict[str, type[HTTPConnectionPool]]:
    """Return the same pools by way of a SOCKS proxy."""
    from urllib3.contrib.socks import SOCKSConnection

    class SocksConnection(_HTTPConnection, SOCKSConnection):
        def _new_conn(self) -> socket.socket:
            return Socket.take_over(SOCKSConnection._new_conn(self))

    class SocksTLSConnection(SocksConnection, _HTTPSConnection):
        pass

    class SocksPool(HTTPConnectionPool):
        ConnectionCls = SocksConnection

    class SocksTLSPool(HTTPSConnectionPool):
        ConnectionCls = SocksTLSConnection

    return {"http": SocksPool, "https": SocksTLSPool}


class Adapter(HTTPAdapter):
    """Carries the requests of a `requests.Session`; raises `NotSent` where it never came to a connection."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:  # noqa: FBT001, FBT002 - requests' signature
        """Use connections of ours."""
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def get_connection_with_tls_context(self, request: Any, verify: Any, **way: Any) -> Any:  # type: ignore[override]  # by name, as requests calls it
        """Raise `Misdirected` where it is the way that is wrong, and not where it leads to."""
        self._authorities = _authorities(verify)
        if not select_proxy(request.url, way.get("proxies")):
            return super().get_connection_with_tls_context(request, verify, **way)
        host = urlsplit(request.url).hostname
        try:
            return super().get_connection_with_tls_context(request, verify, **way)
        except NotSent:
            raise
        except requests.exceptions.InvalidSchema:
            raise Misdirected(f"the way to {host} is a SOCKS proxy, and PySocks is not installed") from None
        except Exception:  # whatever it was, nothing has left
            raise Misdirected(f"the environment names a proxy for {host} that is no URL of one") from None

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Return the pools by way of a proxy, with connections of ours."""
        scheme = proxy.lower().partition(":")[0]
        if scheme == "https":
            proxy_kwargs["proxy_ssl_context"] = _trust(self._authorities)
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _socks_pools() if scheme.startswith("socks") else _POOLS
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return the same with a context that all connections to these authorities share."""
        host, kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            context = _trust(_authorities(verify)) if verify else _trust_anybody()
            kwargs = {"cert_reqs": "CERT_REQUIRED" if verify else "CERT_NONE", "ssl_context": context}
        return host, kwargs

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the pool as it is: its context knows whom to trust, and loading the authorities again is slow."""


class HttpSession(requests.Session):
    """Connections and what the environment says about the way: proxies, certificate authorities."""

    def __init__(self, headers: dict[str, str], *, keep_alive: bool) -> None:
        super().__init__()
        self.keep_alive = keep_alive
        adapter = Adapter()
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.headers.clear()
        self.headers.update(headers, Connection="keep-alive" if keep_alive else "close")
        self._environments: dict[tuple[str, str], Any] = {}

    def stop_keeping_connections(self) -> None:
        """Use each connection for one request from now on: a second response may come too late to be noticed."""
        self.keep_alive = False
        self.headers["Connection"] = "close"
        self.close()

    def carry(
        self, request: requests.PreparedRequest, *, timeout: float, trust: str | Literal[False] | None = None
    ) -> requests.Response:
        """Make a request and give the head of its answer.

        `trust` is a file with the authorities to trust, False to trust anybody, None for those of the environment.
        Not `send`: that would read the whole body of a redirect, and make up the request to which it would lead.
        """
        url = request.url or ""
        adapter = self.get_adapter(url)
        place = urlsplit(url)[:2]
        if place not in self._environments:  # finding out takes as long as a quarter of a request
            self._environments[place] = self.merge_environment_settings(url, {}, None, None, None)
        found = self._environments[place]
        proxies, verify = found["proxies"], found["verify"] or True
        verify = verify if trust is None else trust
        return adapter.send(request, stream=True, timeout=timeout, verify=verify, proxies=proxies)


def _authorities(verify: Any) -> str:
    return verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH


@functools.cache
def _trust(authorities: str) -> ssl.SSLContext:
    """Return a TLS context for the authorities in a file or folder; all connections share it: loading takes 20 ms."""
    folder = Path(authorities).is_dir()
    try:
        context = ssl.create_default_context(
            cafile=None if folder else authorities, capath=authorities if folder else None
        )
    except OSError as error:
        cause = error.strerror or "not certificates in PEM form"
        raise Distrusted(f"cannot read the certificate authorities in {authorities}: {cause}") from None
    return _own(context)


@functools.cache
def _trust_anybody() -> ssl.SSLContext:
    """Return a TLS context that verifies nothing."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return _own(context)


def _own(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return a context whose sockets have a deadline."""
    context.hostname_checks_common_name = False  # RFC 6125: the subjectAltName alone names a server
    context.sslsocket_class = TLSSocket
    return context


def _connect(connection: HTTPConnection) -> socket.socket:
    """Return a TCP connection to the first address that answers; each gets a fair share of the time."""
    name = connection._dns_host  # `host` has lost its final dot, which keeps the resolver from trying other domains
    found = socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM)
    if _attempt.public_only and not connection.proxy:
        found = [each for each in found if ip_address(each[4][0]).is_global]
    until = clocks.seconds() + min(_CONNECTING, time_left() or _CONNECTING)
    failure: OSError = OSError("not a public address")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        connecting = Socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                connecting.setsockopt(*option)
            connecting.settimeout(max((until - clocks.seconds()) / (len(found) - number), 0.001))
            connecting.connect(address)
        except OSError as error:
            connecting.close()
            failure = error
        else:
            return connecting
    raise failure


@contextmanager
def _explained(connection: HTTPConnection) -> Iterator[None]:
    """Turn whatever prevents a connection into `NotSent`, in words that name the host only."""
    try:
        yield
    except Exception as error:  # whatever it was, nothing has left
        host = connection.host
        match error:
            case ssl.SSLCertVerificationError():
                raise Distrusted(f"the certificate of {host} cannot be trusted: {error.verify_message}") from None
            case ssl.SSLError():
                raise NotSent(f"no TLS with {host}: {(error.reason or 'failed').lower().replace('_', ' ')}") from None
            case socket.gaierror():
                raise NotSent(f"the name {host} cannot be resolved: {error.strerror}") from None
            case TimeoutError():
                raise NotSent(f"no connection to {host} in time") from None
            case OSError():
                raise NotSent(f"no connection to {host}: {error.strerror or error}") from None
            case _:
                raise NotSent(f"no connection to {host}: {type(error).__name__}") from None
