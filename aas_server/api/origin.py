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
    Host header. Raises ``BadRequest`` for a host that is none.
    """
    base_path = "/".join(scope["path"].split("/", 3)[:3])
    if settings.external_url is not None:
        return Origin(settings.external_url.rstrip("/"), base_path)
    headers: Iterable[Header] = scope["headers"]
    host, scheme, prefix = _first(headers, b"host") or "localhost", scope["scheme"], ""
    client = scope.get("client")
    if client is not None and client[0] in settings.trusted_proxies:
        host = _first(headers, b"x-forwarded-host") or host
        scheme = _first(headers, b"x-forwarded-proto") or scheme
        prefix = _first(headers, b"x-forwarded-prefix") or ""
    if not _HOST.fullmatch(host):
        raise BadRequest("names no host", path="Host")
    if scheme not in ("http", "https") or not _PREFIX.fullmatch(prefix):
        raise BadRequest("the forwarded address of the server is malformed", path="X-Forwarded")
    return Origin(f"{scheme}://{host}{prefix.rstrip('/')}", base_path)


def _first(headers: Iterable[Header], name: bytes) -> str | None:
    """Return the first value of a header, of a list in it the first entry."""
    value = next((value for key, value in headers if key == name), None)
    return None if value is None else value.decode("latin-1").split(",")[0].strip()
