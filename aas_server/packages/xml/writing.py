"""Writing XML straight from the normal form, by plans: which texts stand around the values of an
object follows from its class and the names of its members, and most objects have those of others.

What has not the shape of the metamodel is left to aas-core, which says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from aas_server.errors import Conflict
from aas_server.metamodel.tree import Node
from aas_server.packages.xml.grammar import (
    ENVIRONMENT,
    GRAMMARS,
    NAMESPACE,
    Form,
    Member,
    holds_elements,
)
from aas_server.packages.xml.reading import normal_base64

_SPECIAL: Final = re.compile("[&<>\r]")
# Readers make a line feed of a carriage return that stands there as it is (XML 1.0, 2.11).
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IMPOSSIBLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS: Final = bytes(each for each in range(32) if each not in b"\t\n\r")
_NONCHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
_ADDED_MEMBERS: Final = {"AdministrativeInformation": frozenset({"createdAt", "updatedAt"})}
_OTHER_LITERALS: Final = {("AssetInformation", "assetKind"): {"Batch": "NotApplicable"}}
"""What 3.2 adds: it has no place in 3.1, and a batch is neither type nor instance there."""
_MAX_KNOWN: Final = 4096
"""Values of one member, references above all, whose XML is remembered."""

_UNEXPECTED: Final = (
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
)
"""What JSON of another shape than expected leads to."""

_encode: Final = msgspec.json.Encoder().encode
_Append: TypeAlias = Callable[[str], None]


class Irregular(Exception):
    """What is not of the grammar: aas-core says what about it is wrong."""


def write_regular(environment: Node) -> str:
    """Return an environment in the normal form as XML of metamodel 3.1, without what 3.2 adds.

    Raises ``Irregular`` for one that has not the shape of the metamodel, or may not have it.
    """
    pieces = ['<?xml version="1.0" encoding="UTF-8"?>\n', f'<environment xmlns="{NAMESPACE}">']
    try:
        writing = _Writing()
        plan = writing.plan(environment, ENVIRONMENT)
        if not plan:
            raise Irregular
        writing.members(environment, plan, pieces.append)
    except _UNEXPECTED as error:
        raise Irregular from error
    pieces.append("</environment>")
    return "".join(pieces)


def encoded_xml(text: str) -> bytes:
    """Return the bytes of an XML document; raises ``Conflict`` for a character that XML has not."""
    try:
        body = text.encode()
    except UnicodeEncodeError:
        body = b"\0"
    if len(body) != len(body.translate(None, _CONTROLS)) or any(
        each in body for each in _NONCHARACTERS
    ):
        found = _IMPOSSIBLE.search(text)
        character = f"U+{ord(found[0]):04X}" if found else "one"
        raise Conflict(f"cannot be written as XML, which has no such character: {character}")
    return body


@dataclass(frozen=True, slots=True)
class _Step:
    """A member that is there: what stands before and behind its value; ``known`` is the XML of
    values by their JSON.
    """

    name: str
    is_text: bool
    member: Member
    start: str
    end: str
    literals: Mapping[str, str]
    class_names: Mapping[str, str]
    known: dict[bytes, str] | None


class _Writing:
    """The writing of one environment: its plans, by classes and the names of members."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, ...], Sequence[_Step]] = {}
        self._known: dict[tuple[str, str], dict[bytes, str]] = {}

    def plan(self, node: Any, class_name: str) -> Sequence[_Step]:
        """Return how the members of an object are written."""
        if type(node) is not dict:
            raise Irregular
        plan = self._plans.get((class_name, *node))
        if plan is None:
            plan = self._plans[class_name, *node] = self._new_plan(node, class_name)
        return plan

    def members(self, node: Node, plan: Sequence[_Step], append: _Append) -> None:
        """Write the members of an object."""
        for step in plan:
            value = node[step.name]
            if step.is_text:
                if type(value) is not str:
                    raise Irregular
                if _SPECIAL.search(value):
                    value = _SPECIAL.sub(_escape, value)
                append(f"{step.start}{value}{step.end}")
            elif step.literals:
                if value not in step.literals:
                    raise Irregular
                append(f"{step.start}{step.literals[value]}{step.end}")
            elif step.known is not None:
                append(self._known_value(value, step, step.known))
            else:
                self._value(value, step, append)

    def _new_plan(self, node: Node, class_name: str) -> list[_Step]:
        grammar = GRAMMARS[NAMESPACE][class_name]
        names = node.keys() - _ADDED_MEMBERS.get(class_name, frozenset())
        if grammar.model_type is not None:
            names -= {"modelType"}
        members = [member for name, member in grammar.members.items() if name in names]
        if len(members) != len(names) or not grammar.required <= names:
            raise Irregular
        return [self._step(member, class_name) for member in members]

    def _step(self, member: Member, class_name: str) -> _Step:
        literals = {**member.literals, **_OTHER_LITERALS.get((class_name, member.name), {})}
        is_of_element = GRAMMARS[NAMESPACE][class_name].model_type is not None
        has_elements = holds_elements(GRAMMARS[NAMESPACE], member)
        is_remembered = bool(member.classes) and is_of_element and not has_elements
        return _Step(
            member.name,
            member.form is Form.TEXT,
            member,
            f"<{member.name}>",
            f"</{member.name}>",
            literals,
            {name: element for element, name in member.classes.items()},
            self._known.setdefault((class_name, member.name), {}) if is_remembered else None,
        )

    def _known_value(self, value: Any, step: _Step, known: dict[bytes, str]) -> str:
        key = _encode(value)
        text = known.get(key)
        if text is None:
            pieces: list[str] = []
            self._value(value, step, pieces.append)
            text = "".join(pieces)
            if len(known) < _MAX_KNOWN:
                known[key] = text
        return text

    def _value(self, value: Any, step: _Step, append: _Append) -> None:
        form = step.member.form
        if form is Form.INLINE:
            (class_name,) = step.class_names
            self._named(value, class_name, step.name, append)
            return
        append(step.start)
        if form is Form.LIST:
            if type(value) is not list or not value:
                raise Irregular
            for each in value:
                self._object(each, step, append)
        elif form is Form.WRAPPED:
            self._object(value, step, append)
        elif form is Form.BOOLEAN and type(value) is bool:
            append("true" if value else "false")
        elif form is Form.BINARY and type(value) is str:
            append(normal_base64(value))
        else:
            raise Irregular
        append(step.end)

    def _object(self, node: Any, step: _Step, append: _Append) -> None:
        """Write an object as an element that is named after its class."""
        if type(node) is not dict:
            raise Irregular
        class_name = node.get("modelType")
        if class_name is None:
            (class_name,) = step.class_names
        self._named(node, class_name, step.class_names[class_name], append)

    def _named(self, node: Any, class_name: str, element: str, append: _Append) -> None:
        """Write an object of a certain class as an element with a certain name."""
        plan = self.plan(node, class_name)
        if node.get("modelType") != GRAMMARS[NAMESPACE][class_name].model_type:
            raise Irregular
        if not plan:
            append(f"<{element}/>")
            return
        append(f"<{element}>")
        self.members(node, plan, append)
        append(f"</{element}>")


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]
