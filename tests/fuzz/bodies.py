"""Bodies broken in one place or another: as bytes, as JSON, as documents, as multipart forms."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

JSON_TYPE: Final = ("Content-Type", "application/json")
_BOUNDARY: Final = "fence"
FORM_TYPE: Final = ("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
DEEP: Final = 1000
"""Levels of the nesting that has to be refused."""

NO_JSON: Final[Sequence[bytes]] = (
    b"",
    b"{",
    b"[",
    b"nul",
    b'{"a":}',
    b'{"a" 1}',
    b"{'a': 1}",
    b'{"a": 1,}',
    b'{"id": "x"} {"id": "y"}',
    b"\xff\xfe\x00",
    b'{"id": "\xff"}',
    b'{"id": "\xc3"}',
    b'{"id": "\xed\xa0\x80"}',
    b'{"id": "\\ud800"}',
    b'{"id": "\\u00"}',
    b'{"id": "\\x"}',
    b'{"id": "a\nb"}',
    b'{"id": "a\x00b"}',
    b'{"a": 01}',
    b'{"a": 1e}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    '{"id": "x"}'.encode("utf-16"),
    b"<xml/>",
    b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b"[" * 100_000,
)
"""No JSON text, or one that is nested by 1,000 levels."""

_VALUES: Final[Sequence[Any]] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    " ",
    "x" * 5000,
    "\u0000",
    "\ufffe",
    "💥",
    [],
    {},
    [None],
    [[[]]],
    {"": ""},
    {"modelType": "Property"},
    ["a", 1, None],
)


@dataclass(frozen=True, slots=True)
class Place:
    """One member of an object inside a document."""

    path: tuple[str | int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the member that is broken and of what holds it."""
        return tuple(step for step in reversed(self.path) if isinstance(step, str))


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Yield every member and item of ``node``, from the outside to the inside."""
    steps = node.items() if isinstance(node, dict) else enumerate(node)
    for step, child in steps:
        yield Place((*path, step))
        if isinstance(child, dict | list):
            yield from places(child, (*path, step))


def replaced(document: Any, place: Place, change: Callable[[Any], Any]) -> Any:
    """Return a copy of ``document`` with what stands at ``place`` changed."""
    changed = copy.deepcopy(document)
    holder = changed
    for step in place.path[:-1]:
        holder = holder[step]
    holder[place.path[-1]] = change(holder[place.path[-1]])
    return changed


def removed(document: Any, place: Place) -> Any:
    """Return a copy of ``document`` without what stands at ``place``."""
    changed = copy.deepcopy(document)
    holder = changed
    for step in place.path[:-1]:
        holder = holder[step]
    del holder[place.path[-1]]
    return changed


def mutated(document: Any, random: Random) -> Any:
    """Return a copy of ``document`` with up to three places changed, removed or doubled."""
    for _ in range(random.randint(1, 3)):
        if not isinstance(document, dict | list) or not (all_places := list(places(document))):
            return random.choice(_VALUES)
        place = random.choice(all_places)
        match random.randrange(4):
            case 0:
                document = removed(document, place)
            case 1:
                document = replaced(document, place, lambda old: [old, old])
            case 2:
                document = replaced(document, place, lambda old: {str(old)[:50]: old})
            case _:
                value = random.choice(_VALUES)
                document = replaced(document, place, lambda _, value=value: value)
    return document


def scrambled(text: bytes, random: Random) -> bytes:
    """Return ``text`` cut off, with a piece doubled, or with bytes of another value."""
    if not text:
        return text
    at = random.randrange(len(text))
    match random.randrange(4):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + text[at : at + 40] + text[at:]
        case 2:
            return text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]
        case _:
            return text[:at] + text[at + random.randint(1, 40) :]


def duplicated(document: dict[str, Any], name: str) -> bytes:
    """Return the JSON text of ``document`` with the member ``name`` twice."""
    again = json.dumps({name: document[name]})
    return f"{json.dumps(document)[:-1]}, {again[1:]}".encode()


def form(*parts: tuple[str, bytes], end: bool = True) -> bytes:
    """Return a multipart body of ``parts``: the headers of each and its content."""
    fence = f"--{_BOUNDARY}".encode()
    body = b"".join(
        fence + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts
    )
    return body + (fence + b"--\r\n" if end else b"")


def field(name: str, value: bytes) -> tuple[str, bytes]:
    """Return a part that is a field."""
    return f'Content-Disposition: form-data; name="{name}"', value


def file(content: bytes, *, name: str = "file", file_name: str = "a.txt") -> tuple[str, bytes]:
    """Return a part that is a file."""
    head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"'
    return f"{head}\r\nContent-Type: text/plain", content


NO_FORM: Final[Sequence[tuple[str, bytes]]] = (
    (FORM_TYPE[1], b""),
    (FORM_TYPE[1], b"no form at all"),
    (FORM_TYPE[1], form(end=True)),
    (FORM_TYPE[1], form(file(b"cut"), end=False)),
    (FORM_TYPE[1], form(file(b"cut"))[:-9]),
    (FORM_TYPE[1], form(field("fileName", b"a.txt"))),
    (FORM_TYPE[1], form(file(b"x", name="another"))),
    (FORM_TYPE[1], form(("X-No: disposition", b"x"))),
    (FORM_TYPE[1], form(("Content-Disposition: form-data", b"x"))),
    (FORM_TYPE[1], form(file(b"one"), file(b"two"))),
    ("multipart/form-data", form(file(b"x"))),
    ("multipart/form-data; boundary=", form(file(b"x"))),
    ("multipart/form-data; boundary=another", form(file(b"x"))),
    (f"multipart/mixed; boundary={_BOUNDARY}", form(file(b"x"))),
    ("application/json", form(file(b"x"))),
    ("text/plain", b"x"),
)
"""Content type and body of forms without one readable part named file, or with two."""
