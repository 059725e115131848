"""Which hosts a description that somebody uploaded may make this server connect to.

A name is allowed by being named, an address also by its network. Names are not looked up for that:
whoever holds the zone of a name could let it point into an allowed network while it is judged and
elsewhere while it is connected to (DNS rebinding).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from aas_server.errors import ConfigurationError

SETTING: Final = "connection_hosts"
"""The setting that lists the hosts."""

DEFAULT_PORTS: Final = {
    "opc.tcp": 4840,
    "mqtt": 1883,
    "mqtts": 8883,
    "amqp": 5672,
    "amqps": 5671,
    "http": 80,
    "https": 443,
}
"""The schemes that connections have, and their ports where an address names none."""

_LAST_PORT: Final = 65535
_MAX_URL: Final = 2048
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)
_WITH_PORT: Final = re.compile(
    r"(?:\[(?P<bracketed>[^\[\]]*)\]|(?P<bare>[^\[\]:]*))(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network


class Base(NamedTuple):
    """What decides whom one talks to: equal bases are the same server."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """One allowed host: a name, all names below one (``*.``), an address or a network."""

    name: str | None
    below: bool
    network: _Network | None
    port: int | None

    def covers(self, base: Base, address: _Address | None) -> bool:
        if self.port is not None and self.port != base.port:
            return False
        if address is not None:
            network = self.network
            return network is not None and network.version == address.version and address in network
        if self.name is None:
            return False
        return base.host.endswith(f".{self.name}") if self.below else base.host == self.name


class AllowedHosts:
    """The hosts that a connection may go to when it was not the operator who wrote it."""

    def __init__(self, entries: Iterable[_Entry] = ()) -> None:
        self._entries = tuple(entries)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> AllowedHosts:
        """Return what ``entries`` allow: ``name``, ``*.name``, an address or a network, each also
        with ``:port`` (``plc7.example``, ``*.hall3.example:4840``, ``10.2.0.0/16``,
        ``[fd00::/8]:1883``).

        Raises ``ConfigurationError`` that names every entry which is none of that.
        """
        parsed, problems = [], []
        for entry in entries:
            try:
                parsed.append(_parse(entry))
            except ValueError as error:
                problems.append(f"{SETTING}: {entry!r} {error}")
        if problems:
            raise ConfigurationError("\n".join(problems))
        return cls(parsed)

    def including(self, urls: Iterable[str]) -> AllowedHosts:
        """Return these hosts and, with exactly their ports, those of ``urls``, which the operator
        wrote.
        """
        bases = (_base(url) for url in urls)
        return AllowedHosts(
            (*self._entries, *(_entry(base.host, False, base.port) for base in bases))
        )

    def refusal(self, url: str) -> str | None:
        """Return why a connection to ``url`` is not allowed, None when it is."""
        try:
            base = _base(url)
        except ValueError as error:
            return str(error)
        address = _address(base.host)
        if any(entry.covers(base, address) for entry in self._entries):
            return None
        host = f"[{base.host}]" if ":" in base.host else base.host
        reason = f"the setting {SETTING} does not allow {host}:{base.port}"
        if address is None and any(entry.network is not None for entry in self._entries):
            reason += " (a network allows addresses; a name has to be named)"
        return reason


def same_base(one: str, other: str) -> bool:
    """Return whether both URLs have the same scheme, host and port, so that what is secret to one
    may be told to the other; False when either is no address of a connection.
    """
    try:
        return _base(one) == _base(other)
    except ValueError:
        return False


def _base(url: str) -> Base:
    """Return scheme, host and port of ``url``, each in one form only.

    Raises ``ValueError`` in words that can be shown to whoever wrote it; they hold nothing of the
    URL, in which somebody may have put a password.
    """
    if len(url) > _MAX_URL:
        raise ValueError(f"the address is longer than {_MAX_URL} characters")
    if any(not "!" <= character <= "~" or character == "\\" for character in url):
        raise ValueError("the address holds characters that addresses do not have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the address is no URL with a host and a port") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError(f"the address must begin with one of {', '.join(DEFAULT_PORTS)}")
    if "@" in parts.netloc:
        raise ValueError("the address must not hold a user or a password")
    if port == 0:
        raise ValueError("the address has the port 0")
    host = _canonical(parts.hostname or "")
    return Base(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port)


def _canonical(host: str) -> str:
    """Return the one spelling of a name or an address."""
    address = _address(host)
    if address is not None:
        return str(address)
    name = host.lower().removesuffix(".")
    # The system's resolver takes 127.1, 2130706433 and 0x7f.1 for addresses.
    if not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise ValueError("the address has no host that is a name or an IP address")
    return name


def _address(host: str) -> _Address | None:
    if "%" in host:
        return None
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _parse(entry: str) -> _Entry:
    """Return what one entry of the list says; raises ``ValueError`` that follows on its text."""
    match = _WITH_PORT.fullmatch(entry)
    host, port = entry, None
    if match is not None:
        host = match["bracketed"] if match["bracketed"] is not None else match["bare"]
        port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= _LAST_PORT:
        raise ValueError("has a port outside 1 to 65535")
    if "/" in host:
        try:
            return _Entry(None, False, ip_network(host), port)
        except ValueError as error:
            raise ValueError(f"is no network: {error}") from None
    below = host.startswith("*.")
    try:
        return _entry(_canonical(host.removeprefix("*.")), below, port)
    except ValueError:
        raise ValueError(
            "must be a name, *.name, an address or a network, with or without :port"
        ) from None


def _entry(host: str, below: bool, port: int | None) -> _Entry:
    address = _address(host)
    if address is None:
        return _Entry(host, below, None, port)
    if below:
        raise ValueError("an address has no names below it")
    return _Entry(None, False, ip_network(address), port)
