"""Identifiers in URLs: base64url of the UTF-8 bytes (IDTA-01002, parameter encodings)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from aas_server.errors import BadRequest

MAX_IDENTIFIER_LENGTH: Final = 2048
"""Characters of an Identifier at most (IDTA-01001 v3.1)."""

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}", re.ASCII)


def encode_identifier(identifier: str) -> str:
    """Return ``identifier`` as base64url without padding."""
    return base64.urlsafe_b64encode(identifier.encode()).rstrip(b"=").decode("ascii")


def decode_base64url(text: str, *, name: str) -> str:
    """Return the UTF-8 text that ``text`` encodes as base64url, padded or not.

    Raises ``BadRequest`` that names the parameter ``name`` for a foreign character, an impossible
    length or bytes that are not UTF-8.
    """
    digits = text.rstrip("=")
    if not _BASE64URL.fullmatch(text) or len(digits) % 4 == 1:
        raise BadRequest("must be base64url without padding", path=name)
    try:
        return base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadRequest("does not encode UTF-8 text", path=name) from error


def decode_identifier(text: str, *, name: str) -> str:
    """Return the Identifier in the path parameter ``name``; raises ``BadRequest`` for a malformed
    one.
    """
    identifier = decode_base64url(text, name=name)
    if not 1 <= len(identifier) <= MAX_IDENTIFIER_LENGTH:
        raise BadRequest(f"must encode 1 to {MAX_IDENTIFIER_LENGTH} characters", path=name)
    return identifier
