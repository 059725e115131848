"""Fingerprints: short names for what a node holds."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from aas_server.metamodel.tree import Node

_encode: Final = msgspec.json.Encoder().encode


def fingerprint(node: Node) -> str:
    """Return 18 hexadecimal digits that are the same for the same content in the same order."""
    return blake2b(_encode(node), digest_size=9).hexdigest()
