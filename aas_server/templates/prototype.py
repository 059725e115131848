"""Templates in the form that the engine works on: prototypes with their rules, level by level."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.templates.rules import ANY, ONE, Cardinality, Rules, read_rules
from aas_server.templates.semantics import (
    ARBITRARY,
    DROP_IN,
    primary_ids,
    supplemental_ids,
)

_PLACEHOLDER: Final = re.compile(r"(.*?)(?:__(0+)__|\{(0+)\})(.*)")
_VARIABLES: Final = ("inputVariables", "outputVariables", "inoutputVariables")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """An idShort that instances number: ``before``, ``digits`` digits, ``after``."""

    before: str
    digits: int
    after: str

    def numbered(self, number: int) -> str:
        """Return the idShort with a number in it: ``Section01``."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"


@dataclass(frozen=True, eq=False)
class Prototype:
    """An element of a template, which stands for elements of instances.

    ``path`` is where it stands in the template, as an idShortPath; ``variables`` says in which
    variables of an Operation, ``""`` elsewhere; ``in_list`` that it stands for items of a list.
    """

    node: Node
    path: str
    in_list: bool = False
    variables: str = ""
    children: tuple[Prototype, ...] = ()

    @cached_property
    def rules(self) -> Rules:
        """What the qualifiers say."""
        return read_rules(self.node)

    @cached_property
    def model_type(self) -> str:
        """The modelType, ``""`` without any."""
        return str(self.node.get("modelType", ""))

    @cached_property
    def id_short(self) -> str:
        """The idShort as the template has it, ``""`` without any."""
        return str(self.node.get("idShort", ""))

    @cached_property
    def ids(self) -> frozenset[str]:
        """The canonical semanticId."""
        return primary_ids(self.node)

    @cached_property
    def supplemental(self) -> frozenset[str]:
        """The canonical supplemental semantic ids, without marks of the template language."""
        return frozenset(
            each
            for each in supplemental_ids(self.node)
            if each != DROP_IN and not each.startswith(ARBITRARY)
        )

    @cached_property
    def placeholder(self) -> Placeholder | None:
        """How instances number the idShort, None when it is to be taken as it is."""
        match = _PLACEHOLDER.fullmatch(self.id_short)
        if match is None:
            return None
        return Placeholder(match[1], len(match[2] or match[3]), match[4])

    @cached_property
    def is_arbitrary(self) -> bool:
        """Whether it stands for elements of any name and meaning."""
        marks = self.ids | supplemental_ids(self.node)
        return any(each.startswith(ARBITRARY) for each in marks)

    @cached_property
    def is_drop_in(self) -> bool:
        """Whether another template defines the content."""
        return DROP_IN in supplemental_ids(self.node)

    @cached_property
    def cardinality(self) -> Cardinality:
        """How often it stands on its level; without a qualifier once, in a list any number."""
        return self.rules.cardinality or (ANY if self.in_list or self.is_arbitrary else ONE)

    @cached_property
    def is_named(self) -> bool:
        """Whether an instance has exactly this idShort."""
        is_free = self.in_list or self.is_arbitrary or self.placeholder is not None
        is_ruled = self.rules.allowed_id_short is not None
        is_single = self.cardinality.most == 1
        return bool(self.id_short) and is_single and not is_free and not is_ruled

    def walk(self) -> Iterator[Prototype]:
        """Yield this prototype and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, eq=False)
class Template:
    """A submodel template: its document, its prototypes, and the concepts that it uses.

    ``source`` says where it is from: a file, ``repository``, ``own``; ``written`` is the document
    before it was mended, None where nothing was.
    """

    node: Node
    source: str
    concept_descriptions: dict[str, Node] = field(default_factory=dict)
    written: Node | None = None

    @cached_property
    def children(self) -> tuple[Prototype, ...]:
        """The prototypes of the first level."""
        return tuple(_prototypes(self.node, ""))

    @property
    def id(self) -> str:
        """The id of the template's document."""
        return str(self.node.get("id", ""))

    @property
    def id_short(self) -> str:
        """The idShort of the submodel."""
        return str(self.node.get("idShort", ""))

    @cached_property
    def ids(self) -> frozenset[str]:
        """The canonical semanticId of the submodel; none in some published templates."""
        return primary_ids(self.node)

    @cached_property
    def supplemental(self) -> frozenset[str]:
        """The canonical supplemental semantic ids of the submodel."""
        return supplemental_ids(self.node)

    @property
    def administration(self) -> Node:
        """Version, revision and templateId, as far as they are given."""
        found: Any = self.node.get("administration")
        return found if isinstance(found, dict) else {}

    @property
    def template_id(self) -> str:
        """What instances name as their template: the templateId, else the id."""
        return str(self.administration.get("templateId") or self.id)

    @property
    def version(self) -> str:
        """Version and revision with a dot between, ``""`` without a version."""
        parts = self.administration.get("version"), self.administration.get("revision")
        return ".".join(str(part) for part in parts if part)

    def walk(self) -> Iterator[Prototype]:
        """Yield every prototype, parents first."""
        for child in self.children:
            yield from child.walk()


def _prototypes(parent: Node, path: str, *, variables: str = "") -> Iterator[Prototype]:
    """Yield the prototypes of one level, with everything below them."""
    for element, name in _elements(parent):
        in_list = parent.get("modelType") == "SubmodelElementList"
        index = f"[{name}]" if in_list else str(element.get("idShort", "?"))
        here = f"{path}{index}" if in_list or not path else f"{path}.{index}"
        below = tuple(_prototypes(element, here))
        yield Prototype(element, here, in_list, variables, below)
    if parent.get("modelType") == "Operation":
        for which in _VARIABLES:
            given: Any = parent.get(which)
            known = given if isinstance(given, list) else ()
            arguments = [each.get("value") for each in known if isinstance(each, dict)]
            holder = {"modelType": "SubmodelElementCollection", "value": arguments}
            yield from (
                Prototype(each.node, each.path, variables=which, children=each.children)
                for each in _prototypes(holder, path)
            )


def _elements(parent: Node) -> Iterator[tuple[Node, int]]:
    attribute = CHILDREN_ATTRIBUTE.get(str(parent.get("modelType", "")))
    elements: Any = parent.get(attribute) if attribute else None
    for index, element in enumerate(elements if isinstance(elements, list) else ()):
        if isinstance(element, dict):
            yield element, index
