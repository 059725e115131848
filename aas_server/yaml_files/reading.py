"""YAML with line numbers: the JSON-like part of YAML 1.2, and where each value stands.

Read from the parser's events: a tree of its nodes would cost ten times as much.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from aas_server.errors import ConfigurationError

MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes of a file at most."""
MAX_VALUES: Final = 2_000_000
"""Keys and values at most, those of an alias counted at every use: a small file stays small."""
MAX_DEPTH: Final = 32
"""Nesting at most."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS: Final = (None, "!", *map("tag:yaml.org,2002:{}".format, ("str", "map", "seq")))
_MAX_DIGITS: Final = 32

# The core schema of YAML 1.2. PyYAML's own, 1.1, makes booleans of Off, On, Yes and No, which are
# names of states in enumerations, and numbers of 10:30.
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC: Final = frozenset("-+.0123456789")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


class _Place(NamedTuple):
    """Where a value stands: its line (from 1), the places of its parts, how many values it is."""

    line: int
    parts: dict[Any, _Place]
    size: int


# PyYAML's own types leave open what every event of its parsers has.
_Event: TypeAlias = Any
_Built: TypeAlias = tuple[Any, _Place]
_Parts: TypeAlias = dict[Any, _Place]
_NOWHERE: Final = _Place(1, {}, 0)
_LEAF: Final[_Parts] = {}


class YamlFile:
    """A file's content as dictionaries, lists and scalars, and the line of each of them.

    ``problems`` has the duplicate keys and the values that no such file has; the content is
    without them. Raises ``ConfigurationError`` when the text is no YAML or beyond a limit.
    """

    def __init__(self, path: Path, text: bytes) -> None:
        self.problems: list[ConfigurationError] = []
        self.content: Any = None
        self._path = path
        self._place = _NOWHERE
        self._anchors: dict[str, _Built] = {}
        self._size = 0
        self._take(text)

    @classmethod
    def read(cls, path: Path) -> YamlFile:
        """Return the file at ``path``; raises ``ConfigurationError`` if it cannot be read."""
        try:
            with path.open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(f"cannot be read: {error.strerror}", path=str(path)) from error
        if len(text) > MAX_BYTES:
            raise ConfigurationError(f"has more than {MAX_BYTES >> 20} MiB", path=str(path))
        return cls(path, text)

    def problem(self, location: Sequence[str | int], text: str) -> ConfigurationError:
        """Return the error ``text`` at the line of ``location``.

        Segments that are not in the file, a missing key or a name that a validator put in, are
        skipped: the line is that of the nearest part above.
        """
        place = self._place
        for segment in location:
            place = place.parts.get(segment, place)
        return self._error(place.line, text)

    def _error(self, line: int, text: str) -> ConfigurationError:
        return ConfigurationError(text, path=f"{self._path}:{line}")

    def _take(self, text: bytes) -> None:
        events: Iterator[_Event] = yaml.parse(text, Loader=_LOADER)
        documents = 0
        try:
            for event in events:
                documents += isinstance(event, DocumentStartEvent)
                if documents > 1:
                    raise self._error(_line(event), "has more than one document")
                if isinstance(event, NodeEvent):
                    self.content, self._place = self._value(event, events, 0)
        except yaml.MarkedYAMLError as error:
            # Only the words: the error's own snippet of the file might show a secret.
            mark = error.problem_mark or error.context_mark
            line = 1 if mark is None else mark.line + 1
            raise self._error(line, f"is no YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise self._error(1, "is no YAML: it has characters that no text has") from None

    def _value(self, event: _Event, events: Iterator[_Event], depth: int) -> _Built:
        if depth > MAX_DEPTH:
            raise self._error(_line(event), f"is nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, AliasEvent):
            built = self._aliased(event)
            self._size += built[1].size
        else:
            self._size += 1
            if event.tag not in _TAGS:  # not shown: it may be a password without its quotes
                message = "tags are not used here; put a text that begins with ! in quotes"
                self.problems.append(self._error(_line(event), message))
            built = self._new(event, events, depth)
        if self._size > MAX_VALUES:
            raise self._error(_line(event), f"has more than {MAX_VALUES} keys and values")
        return built

    def _new(self, event: _Event, events: Iterator[_Event], depth: int) -> _Built:
        before = self._size
        value: Any
        parts = _LEAF
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            value, parts = self._mapping(events, depth)
        elif isinstance(event, SequenceStartEvent):
            value, parts = self._sequence(events, depth)
        built = value, _Place(event.start_mark.line + 1, parts, self._size - before + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = built
        return built

    def _aliased(self, event: _Event) -> _Built:
        """Return what the alias stands for, at its own line; it cannot be a part of itself."""
        built = self._anchors.get(event.anchor)
        if built is None:
            message = (
                "an alias without an anchor before it; put a text that begins with * in quotes"
            )
            raise self._error(_line(event), message)
        value, place = built
        return value, place._replace(line=_line(event))

    def _sequence(self, events: Iterator[_Event], depth: int) -> tuple[list[Any], _Parts]:
        values: list[Any] = []
        parts: _Parts = {}
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            value, parts[len(values)] = self._value(event, events, depth + 1)
            values.append(value)
        return values, parts

    def _mapping(self, events: Iterator[_Event], depth: int) -> tuple[dict[Any, Any], _Parts]:
        values: dict[Any, Any] = {}
        parts: _Parts = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            line = event.start_mark.line + 1
            key, _ = self._value(event, events, depth + 1)
            value, place = self._value(next(events), events, depth + 1)
            if isinstance(key, dict | list):
                self.problems.append(self._error(line, "a key must be a text or a number"))
            elif key in parts:
                first = parts[key].line
                text = f"the key {key!r} is given twice, first in line {first}"
                self.problems.append(self._error(line, text))
            else:
                values[key] = value
                parts[key] = place._replace(line=line) if place.line != line else place
        return values, parts

    def _scalar(self, event: _Event) -> Any:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            return text
        if text[:1] in _NUMERIC:
            return self._number(event, text)
        return _WORDS.get(text, text)

    def _number(self, event: _Event, text: str) -> Any:
        convert: Callable[[str], int | float]
        if _INTEGER.fullmatch(text):
            convert = _to_integer
        elif _FLOAT.fullmatch(text):
            convert = float
        else:
            return text
        if len(text) > _MAX_DIGITS:
            message = f"a number has at most {_MAX_DIGITS} characters; put a text in quotes"
            self.problems.append(self._error(_line(event), message))
            return 0
        return convert(text)


def _to_integer(text: str) -> int:
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _line(event: _Event) -> int:
    line: int = event.start_mark.line
    return line + 1
