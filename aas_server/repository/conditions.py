"""Conditions that a caller sets for a change: which state it must find (RFC 9110, 13.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aas_server.errors import PreconditionFailed

ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of a resource before it is changed; None demands nothing.

    Tags stand without quotes, and only what they say of the stored document counts: no live value
    is lost by a change.
    """

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def require(self, tag: str | None) -> None:
        """Raise ``PreconditionFailed`` unless the resource, at ``tag`` or missing, is as
        demanded.
        """
        if self.if_match is not None and not _holds(self.if_match, tag):
            raise PreconditionFailed(
                "there is no such resource, and If-Match demands one"
                if tag is None
                else "the resource changed since If-Match was read: read it again"
            )
        if self.if_none_match is not None and _holds(self.if_none_match, tag):
            raise PreconditionFailed("there is such a resource, and If-None-Match demands none")


UNCONDITIONAL: Final = Conditions()


def stored_part(tag: str) -> str:
    """Return what ``tag`` says of the stored document, without live values and content coding."""
    return tag.split(".", 1)[0].split("-", 1)[0]


def _holds(tags: frozenset[str], tag: str | None) -> bool:
    if tag is None:
        return False
    return ANY in tags or stored_part(tag) in {stored_part(each) for each in tags}
