"""What the HTTP room is told by the composition root."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Limits of requests and pages; ``max_body`` is in bytes, the limits count results."""

    version: str
    max_body: int = 1_048_576
    max_limit: int = 1000
    default_limit: int = 100
    fast_lane: bool = True
