"""Reading any XML of an environment, event by event: what is wrong is told with its place."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from lxml import etree

from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node
from aas_server.packages.xml.grammar import ENVIRONMENT, GRAMMARS, Form, Grammar, Member
from aas_server.packages.xml.parsing import Event

BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
"""How XML spells booleans."""
_MAX_SHOWN: Final = 60


def read_events(events: Iterator[Event], namespace: str, name: str) -> Node:
    """Return the environment that the ``start`` and ``end`` events of a document tell, all of
    whose elements must be of ``namespace``.

    Texts must be complete when an element ends. Members come in the order of the schema, whatever
    theirs is. Raises ``BadRequest`` for anything that the schema does not have; ``name`` says where
    the document is from.
    """
    reader = _Reader(events, namespace, name)
    try:
        environment = reader.environment()
    except RecursionError as error:
        raise BadRequest("is nested too deep", path=name) from error
    for _ in events:
        """What comes after the environment is to be read: it may be no XML."""
    return environment


class _Reader:
    def __init__(self, events: Iterator[Event], namespace: str, name: str) -> None:
        self._events = events
        self._namespace = namespace
        self._prefix = f"{{{namespace}}}"
        self._grammars = GRAMMARS[namespace]
        self._name = name
        self._path: list[str] = []

    def environment(self) -> Node:
        """Return the environment that begins with the first event."""
        _, root = next(self._events)
        grammar = self._grammars[ENVIRONMENT]
        local = self._enter(root)
        if local != grammar.element:
            self._refuse(f"must be {grammar.element!r}")
        return self._members(root, grammar)

    def _members(self, element: etree._Element, grammar: Grammar) -> Node:
        """Return the object whose members are the children of ``element``."""
        found: Node = {}
        while (child := self._child(element)) is not None:
            name = self._enter(child)
            member = grammar.members.get(name)
            if member is None:
                self._refuse("is an unknown element")
            if name in found:
                self._refuse("is there twice")
            found[name] = self._value(child, member)
            self._path.pop()
        if missing := grammar.required - found.keys():
            self._refuse(f"must have {', '.join(sorted(missing))}")
        node = {name: found[name] for name in grammar.members if name in found}
        if grammar.model_type is not None:
            node["modelType"] = grammar.model_type
        return node

    def _value(self, element: etree._Element, member: Member) -> Any:
        if member.form is Form.LIST:
            items: list[Node] = []
            while (child := self._child(element)) is not None:
                items.append(self._object(child, member, f"*[{len(items)}]"))
            return items
        if member.form is Form.INLINE:
            (class_name,) = member.classes.values()
            return self._members(element, self._grammars[class_name])
        if member.form is Form.WRAPPED:
            return self._wrapped(element, member)
        return self._simple(self._text(element), member)

    def _wrapped(self, element: etree._Element, member: Member) -> Node:
        child = self._child(element)
        if child is None:
            self._refuse("must hold an element")
        node = self._object(child, member, "*")
        if self._child(element) is not None:
            self._refuse("must hold only one element")
        return node

    def _object(self, element: etree._Element, member: Member, step: str) -> Node:
        """Return the object whose element is named after its class."""
        local = self._enter(element, step)
        class_name = member.classes.get(local)
        if class_name is None:
            self._refuse(f"is an unexpected element {_shown(local)}")
        node = self._members(element, self._grammars[class_name])
        self._path.pop()
        return node

    def _simple(self, text: str, member: Member) -> str | bool:
        if member.form is Form.TEXT:
            return text
        if not text:
            self._refuse("must have a text")
        if member.form is Form.BINARY:
            return self._base64(text)
        allowed = BOOLEANS if member.form is Form.BOOLEAN else member.literals
        if text not in allowed:
            self._refuse(f"cannot be {_shown(text)}")
        return allowed[text]

    def _base64(self, text: str) -> str:
        try:
            return normal_base64(text)
        except ValueError:
            self._refuse("must be base64")

    def _child(self, element: etree._Element) -> etree._Element | None:
        """Return the next child of ``element``, which holds nothing else; None at its end."""
        event, found = next(self._events)
        self._require_blank(element.text)
        if event == "start":
            return found
        self._require_blank(element.tail)
        return None

    def _text(self, element: etree._Element) -> str:
        """Return the text of ``element``, which holds nothing else."""
        event, found = next(self._events)
        if event == "start":
            self._path.append(self._local(found))
            self._refuse("is an unexpected element")
        self._require_blank(element.tail)
        return element.text or ""

    def _enter(self, element: etree._Element, step: str | None = None) -> str:
        """Return the local name of ``element``, which is called ``step`` in paths from now on."""
        local = self._local(element)
        self._path.append(step or local)
        if element.attrib:
            shown = _shown(", ".join(map(str, element.attrib)))
            self._refuse(f"must have no attributes, and has {shown}")
        return local

    def _local(self, element: etree._Element) -> str:
        tag = str(element.tag)
        if not tag.startswith(self._prefix):
            self._path.append(etree.QName(element).localname)
            self._refuse(f"must be of the namespace {self._namespace}")
        return tag[len(self._prefix) :]

    def _require_blank(self, text: str | None) -> None:
        if text and text.strip():
            self._refuse(f"holds a text among elements: {_shown(text.strip())}")

    def _refuse(self, reason: str) -> NoReturn:
        where = "/".join(self._path)
        raise BadRequest(f"is no valid environment: {where} {reason}", path=self._name)


def normal_base64(text: str) -> str:
    """Return base64 as the normal form has it, without blanks; raises ``ValueError``."""
    return base64.b64encode(base64.b64decode(text)).decode()


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "...")
