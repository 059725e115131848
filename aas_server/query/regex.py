"""Regular expressions of queries: RE2's, whose time grows with the text and nothing else."""

from __future__ import annotations

import functools
from typing import Any, Final

import re2

from aas_server.query.values import CastError

MAX_REGEX: Final = 1000
"""Characters of a regular expression, at most."""

_MEMORY: Final = 1 << 20
"""Bytes that RE2 may take for one expression."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Return ``pattern`` compiled by RE2; raises ``CastError`` that says why it is refused."""
    if len(pattern) > MAX_REGEX:
        raise CastError(f"a regular expression has at most {MAX_REGEX} characters")
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise CastError(f"is no regular expression that RE2 takes: {text}") from None
