"""Reading XML as most tools write it, many times as fast as by events.

A document is regular when its members stand in the order of the schema and nothing but namespaces
and blanks is between them: then one regular expression for each class, made from the grammar, takes
an object apart. It is given well-formed XML only, and whatever it does not match completely is left
to the reading by events, which knows what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from types import MappingProxyType
from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.packages.xml.grammar import (
    ENVIRONMENT,
    GRAMMARS,
    Form,
    Grammar,
    Grammars,
    Member,
    holds_elements,
)
from aas_server.packages.xml.parsing import is_well_formed
from aas_server.packages.xml.reading import BOOLEANS, normal_base64

_HEAD: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?i:utf-8)[\"'])?"
    rb"(?: standalone=[\"'](?:yes|no)[\"'])?\s*\?>)?\s*"
    rb"<(aas:|)environment((?:\s+xmlns(?::[A-Za-z0-9]+)?=\"[^\"<&]*\")*)\s*>\s*"
)
"""What a regular document begins with: at most UTF-8, and one of two prefixes."""
_NAMESPACE: Final = re.compile(rb"xmlns(?::([A-Za-z0-9]+))?=\"([^\"]*)\"")
_BLANKS: Final = re.compile(rb"\s*")
_EMPTY: Final = re.compile(r"<([A-Za-z0-9:]+)\s*/>")
_REFERENCE: Final = re.compile("&([^;&]*);?")
_CHARACTERS: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_MAX_TEXT: Final = 4 * 1024**2
"""In so many bytes of a regular document there is a tag: long texts are for libxml2 to judge."""
_MAX_KNOWN: Final = 20_000
"""Parts of documents, references above all, that are remembered as they are often the same."""


class Irregular(Exception):
    """A document is to be read by its events."""


def read_regular(body: bytes) -> Node | None:
    """Return the environment that ``body`` holds; None unless it is regular.

    Equal parts of documents are one object: nothing of them may be changed.
    """
    head = _HEAD.match(body)
    if head is None or b"<!" in body or body.find(b"<?", head.end()) >= 0:
        return None
    prefix = head[1].decode()
    spaces = dict(_NAMESPACE.findall(head[2]))
    namespace = spaces.get(head[1].rstrip(b":"), b"").decode("ascii", "replace")
    if namespace not in GRAMMARS or not _has_short_texts(body) or not is_well_formed(body):
        return None
    try:
        return _Reading(namespace, prefix).environment(body, head.end())
    except (Irregular, UnicodeDecodeError, RecursionError):
        return None


def _has_short_texts(body: bytes) -> bool:
    starts = range(0, len(body) - _MAX_TEXT, _MAX_TEXT)
    return all(body.find(b"<", start, start + _MAX_TEXT) >= 0 for start in starts)


@dataclass(frozen=True, slots=True)
class _Field:
    """A member whose text is taken whole; ``number`` tells it from all others of the grammar."""

    name: str
    is_text: bool
    literals: Mapping[str, Any] | None
    member: Member
    number: int
    is_remembered: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Members of a class that one expression matches, and the member that comes after them if its
    last group matches: one that may hold members of its name, and elements above all.
    """

    expression: re.Pattern[str]
    fields: Sequence[_Field]
    elements: Member | None
    end: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """A class: its parts, one after the other; ``ended`` with the end of its element at last."""

    model_type: str | None
    parts: Sequence[_Part]
    ended: Sequence[_Part]


@lru_cache(maxsize=4)
def _shapes(namespace: str, prefix: str) -> Mapping[str, _Shape]:
    """Return the shape of every class; ``prefix`` is that of all names, with its colon."""
    grammars = GRAMMARS[namespace]
    numbers: Iterator[int] = count()
    found = {}
    for name, grammar in grammars.items():
        parts = list(_parts(grammars, grammar, prefix, numbers))
        *others, last = parts
        end = rf"</{re.escape(prefix + grammar.element)}>\s*+"
        with_end = replace(last, expression=re.compile(last.expression.pattern + end))
        found[name] = _Shape(grammar.model_type, parts, [*others, with_end])
    return MappingProxyType(found)


def _parts(
    grammars: Grammars, grammar: Grammar, prefix: str, numbers: Iterator[int]
) -> Iterator[_Part]:
    text, fields = r"\s*+", list[_Field]()
    for name, member in grammar.members.items():
        tag = re.escape(prefix + name)
        if holds_elements(grammars, member) or _holds_itself(grammars, member):
            text += rf"(<{tag}>\s*+)" if member.is_required else rf"(<{tag}>\s*+)?+"
            yield _Part(re.compile(text), fields, member, f"</{prefix}{name}>")
            text, fields = "", list[_Field]()
            continue
        content = r"([^<]*+)"
        if member.classes:
            content = rf"([^<]*+(?:<(?!/{tag}>)[^<]*+)*+)"
        whole = rf"<{tag}>{content}</{tag}>\s*+"
        text += whole if member.is_required else f"(?:{whole})?+"
        literals = BOOLEANS if member.form is Form.BOOLEAN else member.literals or None
        is_text, is_of_element = member.form is Form.TEXT, grammar.model_type is not None
        fields.append(_Field(name, is_text, literals, member, next(numbers), is_of_element))
    yield _Part(re.compile(text), fields, None, "")


def _holds_itself(grammars: Grammars, member: Member) -> bool:
    """Return whether elements with the name of a member may be in it: its end is not the first."""
    waiting, seen = list(member.classes.values()), set[str]()
    while waiting:
        class_name = waiting.pop()
        if class_name in seen:
            continue
        seen.add(class_name)
        for inner in grammars[class_name].members.values():
            if inner.name == member.name:
                return True
            waiting += inner.classes.values()
    return False


class _Reading:
    """Reading of one document; what was read of equal parts is remembered."""

    def __init__(self, namespace: str, prefix: str) -> None:
        self._lists = GRAMMARS[namespace][ENVIRONMENT].members.values()
        self._shapes = _shapes(namespace, prefix)
        self._prefix = prefix
        self._known: dict[tuple[int, str], Any] = {}

    def environment(self, body: bytes, position: int) -> Node:
        """Return the environment in ``body`` whose members begin at ``position``."""
        found: Node = {}
        for member in self._lists:
            start, end = self._tags(member.name)
            if body.startswith(start, position):
                position = _after(body, position + len(start))
                found[member.name], position = self._documents(body, position, member)
                if not body.startswith(end, position):
                    raise Irregular
                position = _after(body, position + len(end))
        _, end = self._tags("environment")
        if not body.startswith(end, position) or body[position + len(end) :].strip():
            raise Irregular
        return found

    def _documents(self, body: bytes, position: int, member: Member) -> tuple[list[Node], int]:
        """Return the documents that begin at ``position`` and where they end.

        Each is decoded for itself: of a large environment little is in memory twice.
        """
        ((element, class_name),) = member.classes.items()
        start, end = self._tags(element)
        shape = self._shapes[class_name]
        trees = []
        while body.startswith(start, position):
            stop = body.find(end, position)
            text = _prepared(body[position + len(start) : stop].decode())
            tree, length = self._members(text, 0, shape.parts, shape.model_type)
            if length != len(text):
                raise Irregular
            trees.append(tree)
            position = _after(body, stop + len(end))
        return trees, position

    def _tags(self, name: str) -> tuple[bytes, bytes]:
        return f"<{self._prefix}{name}>".encode(), f"</{self._prefix}{name}>".encode()

    def _members(
        self, text: str, position: int, parts: Sequence[_Part], model_type: str | None
    ) -> tuple[Node, int]:
        """Return the object whose members begin at ``position``, and where they end."""
        node: Node = {}
        for part in parts:
            match = part.expression.match(text, position)
            if match is None:
                raise Irregular
            position = match.end()
            groups = match.groups()
            # Behind the groups of the members may be that of the one with elements.
            for field, value in zip(part.fields, groups, strict=False):
                if value is None:
                    continue
                if field.is_text:
                    node[field.name] = _unescaped(value) if "&" in value else value
                elif field.literals is not None:
                    if value not in field.literals:
                        raise Irregular
                    node[field.name] = field.literals[value]
                elif field.member.form is Form.BINARY:
                    node[field.name] = _base64(value)
                else:
                    node[field.name] = self._content(value, field)
            member = part.elements
            if member is not None and groups[-1] is not None:
                node[member.name], position = self._objects(text, position, member, part.end)
        if model_type is not None:
            node["modelType"] = model_type
        return node, position

    def _objects(self, text: str, position: int, member: Member, end: str) -> tuple[Any, int]:
        """Return the value of a member with objects that begins at ``position``, and where ``end``
        ends behind it.
        """
        if member.form is Form.INLINE:
            (only,) = member.classes.values()
            node, position = self._members(text, position, self._shapes[only].parts, None)
            return node, _behind(text, position, end)
        start = "<" + self._prefix
        items = []
        while text.startswith(start, position):
            stop = text.find(">", position)
            name = text[position + len(start) : stop]
            class_name = member.classes.get(name)
            if class_name is None:
                break
            shape = self._shapes[class_name]
            item, position = self._members(text, stop + 1, shape.ended, shape.model_type)
            items.append(item)
        position = _behind(text, position, end)
        if member.form is Form.LIST:
            return items, position
        if len(items) != 1:
            raise Irregular
        return items[0], position

    def _content(self, text: str, field: _Field) -> Any:
        """Return the value of a member with objects, of which ``text`` is all that it holds."""
        key = (field.number, text)
        found = self._known.get(key)
        if found is None:
            found, position = self._objects(text, _behind(text, 0, ""), field.member, "")
            if position != len(text):
                raise Irregular
            if field.is_remembered and len(self._known) < _MAX_KNOWN:
                self._known[key] = found
        return found


def _prepared(text: str) -> str:
    """Return ``text`` with line ends as XML 1.0 (2.11) has them, and empty elements in full."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _EMPTY.sub(r"<\1></\1>", text) if "/>" in text else text


def _after(body: bytes, position: int) -> int:
    """Return where the blanks end that begin at ``position``."""
    match = _BLANKS.match(body, position)
    return position if match is None else match.end()


def _behind(text: str, position: int, end: str) -> int:
    """Return where the blanks end behind ``end``, which must stand at ``position``."""
    if not text.startswith(end, position):
        raise Irregular
    position += len(end)
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _unescaped(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(reference: re.Match[str]) -> str:
    name = reference[1]
    if name.startswith("#x"):
        return chr(int(name[2:], 16))
    if name.startswith("#"):
        return chr(int(name[1:]))
    if name not in _CHARACTERS:
        raise Irregular
    return _CHARACTERS[name]


def _base64(text: str) -> str:
    if not text:
        raise Irregular
    try:
        return normal_base64(text)
    except ValueError:
        raise Irregular from None
