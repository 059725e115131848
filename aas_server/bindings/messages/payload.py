"""A payload, decoded at most once however many bindings it feeds."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

MAX_DEPTH: Final = 64
"""Nested objects and arrays of a JSON payload at most."""

_decode: Final = msgspec.json.Decoder().decode
# A text that does not end is taken to the end, so that none is looked at twice.
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class Undecodable(ValueError):
    """A payload that is not what its binding says; the text says why."""


class Payload:
    """The bytes of one message and what they are as JSON or text.

    Both raise ``Undecodable`` every time when they cannot be that.
    """

    __slots__ = ("_problem", "_text", "_tree", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._tree: Any = self
        self._text: str | None = None
        self._problem: Undecodable | None = None

    def json(self) -> Any:
        """Return the decoded JSON; integers keep every digit."""
        if self._tree is self:
            if self._problem is None:
                try:
                    self._tree = _json(self.body)
                except Undecodable as problem:
                    self._problem = problem
            if self._problem is not None:
                raise self._problem
        return self._tree

    def text(self) -> str:
        """Return the text, without white space around it."""
        if self._text is None:
            try:
                self._text = self.body.decode().strip()
            except UnicodeDecodeError as error:
                raise Undecodable(f"the payload is no UTF-8 text (byte {error.start})") from None
        return self._text


def _json(body: bytes) -> Any:
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise Undecodable(f"the payload's JSON is nested deeper than {MAX_DEPTH}")
    try:
        return _decode(body)
    except UnicodeDecodeError as error:
        raise Undecodable(f"the payload is no UTF-8 text (byte {error.start})") from None
    except msgspec.ValidationError as error:
        raise Undecodable(f"the payload's JSON has a number that is too large: {error}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        reason = "empty" if not body else str(error)
        raise Undecodable(f"the payload is no JSON: {reason}") from None


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for found in _STRUCTURE.finditer(body):
        token = found[0]
        if token in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in (b"]", b"}"):
            depth -= 1
    return deepest
