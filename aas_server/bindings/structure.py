"""Values of devices that are structures, before anybody knows what is in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure as it came: what its type is called on the wire, and its bytes.

    ``body`` is None where only the name is known, or where it is in no form that is decoded.
    """

    type_name: str
    body: bytes | None = None
