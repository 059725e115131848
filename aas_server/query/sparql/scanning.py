"""What can be told of a question before it is parsed: its words, without texts, IRIs and comments.

The store's parser has the last word. Here is found what must never reach it, and that is told from
everything that only looks like it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from typing import Final

from aas_server.errors import BadRequest

MAX_LENGTH: Final = 65_536
"""Characters of a question at most."""
MAX_DEPTH: Final = 64
"""Brackets within each other at most."""

_TOKEN: Final = re.compile(
    r"""
    (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    |(?P<comment>\#[^\r\n]*)
    |(?P<text>\'{3}(?:\'{0,2}(?:[^\'\\]|\\.))*+(?:\'{3})?
        |"{3}(?:"{0,2}(?:[^"\\]|\\.))*+(?:"{3})?
        |\'(?:[^\'\\\r\n]|\\.)*+\'?
        |"(?:[^"\\\r\n]|\\.)*+"?)
    |(?P<name>[?$@]\w+)
    |(?P<word>[\w.-]++)(?::(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)*+)?
    |(?P<open>[({\[])
    |(?P<close>[)}\]])
    """,
    re.VERBOSE | re.DOTALL,
)
"""Takes a text without an end for one to the end: each character is looked at once."""
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_SERVICE: Final = "service"
_PROLOGUE: Final = frozenset({"prefix", "base", "version"})
_QUESTIONS: Final = frozenset({"select", "ask", "construct", "describe"})
_UPDATES: Final = frozenset(
    {"insert", "delete", "load", "clear", "create", "drop", "copy", "move", "add", "with"}
)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A question that may be asked; ``names_graphs``: it says itself which graphs it is about."""

    text: str
    names_graphs: bool


def scan(text: str) -> Scanned:
    """Return what is known of a question.

    Raises ``BadRequest`` with the place for one that is too long, nested too deep, an update, or
    that would ask another server.
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(
            f"has {len(text)} characters, and at most {MAX_LENGTH} are taken", path="query"
        )
    written = _scan(text)
    # Escapes may stand anywhere, also in a word (SPARQL 1.1, 19.2).
    meant = _ESCAPED.sub(_unescape, text)
    return written if meant == text else replace(_scan(meant), text=text)


def _scan(text: str) -> Scanned:
    depth = 0
    first = ""
    names_graphs = False
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadRequest(
                    f"is nested deeper than {MAX_DEPTH} levels", path=_place(text, match.start())
                )
        elif kind == "close":
            depth -= 1
        elif kind == "word":
            # A point ends a statement, and may be in a number or a name, too.
            parts = match[0].lower().split(".")
            words = {part.partition(":")[0].lstrip("0123456789") for part in parts}
            if not first and ":" not in match[0] and not words & _PROLOGUE:
                first = match[0]
                _require_question(first, _place(text, match.start()))
            if _SERVICE in words:
                raise _service(_place(text, match.start()))
            names_graphs |= "from" in words
    if not first:
        raise BadRequest("says nothing: SELECT, ASK, CONSTRUCT or DESCRIBE does", path="query")
    return Scanned(text, names_graphs)


def _unescape(found: re.Match[str]) -> str:
    number = int(found[1] or found[2], 16)
    return chr(number) if number <= sys.maxunicode else found[0]


def _service(place: str) -> BadRequest:
    return BadRequest(
        "SERVICE would ask another server, and no other server is asked from here", path=place
    )


def _require_question(word: str, place: str) -> None:
    if word.lower() in _UPDATES:
        raise BadRequest(
            f"{word.upper()} is an update, and updates are not carried out: the graphs are made "
            "from the documents, which are changed through the AAS API",
            path=place,
        )
    if word.lower() not in _QUESTIONS:
        raise BadRequest(
            f"{word[:32]!r} begins no query: SELECT, ASK, CONSTRUCT or DESCRIBE does", path=place
        )


def _place(text: str, offset: int) -> str:
    """Return where ``offset`` is, as the store's parser tells it."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"query {line}:{column}"
