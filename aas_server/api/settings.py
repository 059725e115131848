"""What the HTTP room is told by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from aas_server.templates.instantiation.naming import DEFAULT_SCHEME


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Limits of requests and pages, and what this server is to its clients.

    ``max_body`` and ``max_upload`` are in bytes, ``max_limit`` and ``default_limit`` count results,
    ``idle_timeout`` is in seconds. ``shell`` and ``submodel`` are the identifiers behind /aas and
    /submodel; ``external_url`` and ``trusted_proxies`` say how clients reach the server.
    ``instance_ids`` is the scheme of ids of new instances of templates.
    """

    version: str
    max_body: int = 16_777_216
    max_upload: int = 2_147_483_648
    max_limit: int = 1000
    default_limit: int = 100
    max_requests: int = 1000
    idle_timeout: float = 30.0
    shell: str | None = None
    submodel: str | None = None
    external_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    fast_lane: bool = True
    instance_ids: str = DEFAULT_SCHEME
