"""Where clients reach this server: for Location headers and for endpoints in descriptors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.types import Scope

from aas_server.api.responses import Header
from aas_server.api.settings import ApiSettings
from aas_server.errors import BadRequest

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9_.~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII
)
_PAIR: Final = re.compile(
    r"""[ \t]*(?:([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*))[ \t]*)?([;,]|$)""", re.ASCII
)
"""One pair of a Forwarded header, or none, and what ends it."""
_ESCAPED: Final = re.compile(r"\\(.)")
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9_.~$-]{1,255}){0,20}/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origin:
    """The address of the API as one client sees it.

    ``root`` is scheme, host and, behind a proxy, the prefix, without a slash at its end;
    ``base_path`` is where the API stands below it (``/api/v3``).
    """

    root: str
    base_path: str

    @property
    def url(self) -> str:
        """Return the absolute address of the API, without a slash at its end."""
        return self.root + self.base_path

    def location(self, path: str) -> bytes:
        """Return the value of a Location header for ``path`` below the API: an absolute path.

        ``path`` is text: what stands in it is encoded for the header.
        """
        prefix = urlsplit(self.root).path.rstrip("/")
        return quote(prefix + self.base_path + path, safe="/$-_.~").encode("ascii")


def origin_of(scope: Scope, settings: ApiSettings) -> Origin:
    """Return where the client of a request reaches the API.

    The setting ``external_url`` stands over what a trusted proxy forwards, which stands over the
    Host header; Forwarded (RFC 7239) stands over X-Forwarded-*. Of lists the last entry counts,
    which the trusted proxy has added itself: those before it can be anybody's. Raises
    ``BadRequest`` for a host that is none.
    """
    base_path = "/".join(scope["path"].split("/", 3)[:3])
    if settings.external_url is not None:
        return Origin(settings.external_url.rstrip("/"), base_path)
    headers: Iterable[Header] = scope["headers"]
    host, scheme, prefix = _last(headers, b"host") or "localhost", scope["scheme"], ""
    client = scope.get("client")
    if client is not None and client[0] in settings.trusted_proxies:
        forwarded = _forwarded(headers)
        host = forwarded.get("host") or _nearest(headers, b"x-forwarded-host") or host
        scheme = forwarded.get("proto") or _nearest(headers, b"x-forwarded-proto") or scheme
        prefix = _nearest(headers, b"x-forwarded-prefix") or ""
    if not _HOST.fullmatch(host):
        raise BadRequest("names no host", path="Host")
    if scheme.lower() not in ("http", "https") or not _PREFIX.fullmatch(prefix):
        raise BadRequest("the forwarded address of the server is malformed", path="X-Forwarded")
    return Origin(f"{scheme.lower()}://{host}{prefix.rstrip('/')}", base_path)


def _forwarded(headers: Iterable[Header]) -> dict[str, str]:
    """Return what the last element of the Forwarded header says, by names in small letters."""
    header = _last(headers, b"forwarded") or ""
    element: dict[str, str] = {}
    position = 0
    while position < len(header):
        match = _PAIR.match(header, position)
        if match is None:
            raise BadRequest("is no list of pairs such as proto=https;host=x", path="Forwarded")
        name, quoted, token, end = match.groups()
        if name is not None:
            element[name.lower()] = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if end == ",":
            element = {}
        position = match.end()
    return element


def _nearest(headers: Iterable[Header], name: bytes) -> str | None:
    """Return the last entry of the list in a header."""
    value = _last(headers, name)
    return None if value is None else value.rsplit(",", 1)[-1].strip()


def _last(headers: Iterable[Header], name: bytes) -> str | None:
    value = next((value for key, value in reversed(list(headers)) if key == name), None)
    return None if value is None else value.decode("latin-1")
