"""Addresses: where in an interface the value of a property is, told by ``base`` and ``href``."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from aas_server.errors import ConfigurationError

_ID: Final = re.compile(r"\s*id\s*=\s*(?P<node>.+)", re.DOTALL | re.IGNORECASE)
_ESCAPED: Final = re.compile(r"%(23|26|25)")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DOTS: Final = re.compile(r"(?:^|(?<=/))\.\.?(?=/|$)")
MAX_HREF: Final = 4096
"""Characters of an href at most."""


def opcua_node(base: str, href: str) -> str:
    """Return the node id that the href of an OPC UA form names (AID 1.1, Annex C).

    It is what stands behind ``id=`` up to the end, ``;`` and ``=`` included; only ``%23``, ``%26``
    and ``%25`` stand for other characters, for an identifier may hold any other sign as it is.
    Raises ``ConfigurationError`` when there is none, and for one of another server than ``base``.
    """
    _relative(base, href)
    _, mark, query = href.partition("?")
    match = _ID.fullmatch(query) if mark else None
    node = "" if match is None else match["node"].strip()
    if not node:
        raise ConfigurationError(
            f"the href {_shown(href)} names no node: write /?id=nsu=<namespace>;s=<identifier>"
        )
    return _ESCAPED.sub(lambda found: unquote(found[0]), node)


def mqtt_topic(base: str, href: str) -> str:
    """Return the topic that ``href`` names at the broker ``base`` (W3C WoT binding for MQTT).

    The path of the resolved address without its first slash: ``/a/b`` is ``a/b`` and ``.//a`` is
    ``/a``. Raises ``ConfigurationError`` for an empty one and for one of another broker.
    """
    target = _relative(base, href)
    folder = urlsplit(base).path.rpartition("/")[0]
    path = target if target.startswith("/") else f"{folder or ''}/{_without_dots(target)}"
    topic = unquote(path[1:])
    if not topic:
        raise ConfigurationError(f"the href {_shown(href)} names no topic")
    return topic


def http_url(base: str, href: str) -> str:
    """Return the address that ``href`` names at ``base``, by the rules of RFC 3986.

    Raises ``ConfigurationError`` for one of another server.
    """
    target = _relative(base, href)
    parts = urlsplit(base)
    root = f"{parts.scheme}://{parts.netloc}"
    if target.startswith("/"):
        return root + target
    if target.startswith("?"):
        return root + (parts.path or "/") + target
    folder = parts.path.rpartition("/")[0]
    path, mark, query = target.partition("?")
    return f"{root}{folder}/{_without_dots(path)}{mark}{query}"


def same_server(first: str, second: str) -> bool:
    """Return whether both addresses have the same scheme, host and port."""
    return server_of(first) == server_of(second)


def server_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of ``url``; the port is the scheme's own when none is told.

    Raises ``ConfigurationError`` for what is no address.
    """
    try:
        parts = urlsplit(url.strip())
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"{_shown(url)} is no address: {error}") from None
    if not scheme or not host:
        raise ConfigurationError(f"{_shown(url)} is no address: it needs a scheme and a host")
    return scheme, host, port if port is not None else DEFAULT_PORTS.get(scheme)


DEFAULT_PORTS: Final = {
    "opc.tcp": 4840,
    "mqtt": 1883,
    "mqtts": 8883,
    "http": 80,
    "https": 443,
    "amqp": 5672,
    "amqps": 5671,
}
"""The port of an address that tells none."""


def _relative(base: str, href: str) -> str:
    """Return ``href`` seen from the server ``base``; one that names the server itself must name
    that one.
    """
    href = href.strip()
    if not _ABSOLUTE.match(href) and not href.startswith("//"):
        return href
    if href.startswith("//") or not same_server(base, href):
        raise ConfigurationError(
            f"the href {_shown(href)} leads to another server than the interface's base {base}"
        )
    return "/" + href.split("://", 1)[1].partition("/")[2]


def _without_dots(path: str) -> str:
    """Return a relative path without ``.`` and ``..``: they lead no further than its folder."""
    if not _DOTS.search(path):
        return path
    kept: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment == "..":
            if not kept:
                raise ConfigurationError(f"the href {_shown(path)} leads out of the base")
            kept.pop()
        elif segment != "." or (index == 0 and len(segments) == 1):
            kept.append(segment)
    return "/".join(kept)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:117]}...")
