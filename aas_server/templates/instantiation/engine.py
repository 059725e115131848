"""Making instances: level by level, what was asked for first, then what the mode demands."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Final

from aas_server.errors import BadRequest, Finding
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.bare import bare, legal_text, sound
from aas_server.templates.instantiation.concepts import concepts_of
from aas_server.templates.instantiation.dropins import definition
from aas_server.templates.instantiation.filling import (
    EMPTY,
    Given,
    filled,
    fitting_item,
    own_and_inner,
)
from aas_server.templates.instantiation.naming import free, id_short_of
from aas_server.templates.instantiation.request import Instance, Mode, Request, Unfilled
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.semantics import INTENTIONALLY_EMPTY

UNKNOWN: Final = "unknown-path"
WRONG_VALUE: Final = "wrong-value"
DROP_IN_UNKNOWN: Final = "unknown-drop-in"
EITHER_OR: Final = "either-or"
BAD_INITIAL: Final = "bad-initial-value"
TOO_MANY: Final = "too-many"
"""Codes of findings."""

_MAX_DEPTH: Final = 48
_MAX_ELEMENTS: Final = 100_000
_VALUES: Final = {
    "Property": ("value",),
    "MultiLanguageProperty": ("value",),
    "Range": ("min", "max"),
    "File": ("value",),
    "Blob": ("value",),
    "ReferenceElement": ("value",),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second"),
    "Entity": ("globalAssetId", "specificAssetIds"),
}
"""What stands in an element that has a value: one of these."""
_CONTAINERS: Final = ("SubmodelElementCollection", "SubmodelElementList")
_OWN: Final = ("semanticId", "supplementalSemanticIds", "valueType", "displayName", "description")
"""What a value for an arbitrary element may say of it besides."""


class Maker:
    """Makes instances after one template; content of drop-ins is looked up in ``catalog``."""

    def __init__(self, template: Template, catalog: TemplateCatalog | None = None) -> None:
        self.template = template
        self.catalog = catalog or TemplateCatalog()
        self._bare: dict[Prototype, Node] = {}
        self._defined: dict[Prototype, Prototype | None] = {}

    def make(self, request: Request) -> Instance:
        """Return the instance that ``request`` asks for.

        Values and paths that do not fit are told by findings, not raised.
        """
        making = _Making(self, request)
        elements = making.level(self.template.children, Given(request.values), (), "")
        submodel = self._submodel(request.identifier, elements)
        making.tell_unknown()
        concepts = list(concepts_of(submodel, self.template))
        return Instance(submodel, concepts, making.unfilled, making.findings)

    def bare(self, prototype: Prototype) -> Node:
        """Return the element of a prototype without content; not to be changed."""
        found = self._bare.get(prototype)
        if found is None:
            found = self._bare[prototype] = bare(prototype, in_template=self.template.ids)
        return found

    def definition(self, drop_in: Prototype) -> Prototype | None:
        """Return what defines the content of a drop-in."""
        if drop_in not in self._defined:
            self._defined[drop_in] = definition(drop_in, self.catalog)
        return self._defined[drop_in]

    def _submodel(self, identifier: str, elements: list[Node]) -> Node:
        node = self.template.node
        kept = ("idShort", "displayName", "description", "semanticId", "supplementalSemanticIds")
        administration = {
            name: self.template.administration[name]
            for name in ("version", "revision")
            if name in self.template.administration
        }
        submodel: Node = {
            "modelType": "Submodel",
            "kind": "Instance",
            "id": identifier,
            **{name: node[name] for name in kept if name in node},
            "administration": {**administration, "templateId": self.template.template_id},
        }
        for name in ("qualifiers", "extensions", "embeddedDataSpecifications"):
            if name in node:
                submodel[name] = node[name]
        submodel = sound(submodel)
        if elements:
            submodel["submodelElements"] = elements
        return submodel


def instantiate(
    template: Template, request: Request, *, catalog: TemplateCatalog | None = None
) -> Instance:
    """Return one instance of ``template``; whoever makes many keeps a ``Maker``."""
    return Maker(template, catalog).make(request)


class _Making:
    """One instance on its way."""

    def __init__(self, maker: Maker, request: Request) -> None:
        self._maker = maker
        self._request = request
        self._selected = _with_parents(request.select)
        self._seen: set[str] = set()
        self._elements = 0
        self.unfilled: list[Unfilled] = []
        self.findings: list[Finding] = []

    def level(
        self,
        prototypes: Sequence[Prototype],
        given: Given,
        lineage: tuple[Prototype, ...],
        path: str,
    ) -> list[Node]:
        """Return the elements of one level, in the order of their prototypes."""
        taken = {prototype: given.take(prototype) for prototype in prototypes}
        for prototype in prototypes:
            if prototype.is_arbitrary and not taken[prototype]:
                taken[prototype] = given.take_rest(prototype)
        chosen = self._chosen(prototypes, taken, path)
        made: list[Node] = []
        names: set[str] = set()
        for prototype in prototypes:
            if prototype.rules.either_or is not None and prototype not in chosen:
                continue
            values = taken[prototype]
            count = max(len(values), self._count(prototype))
            self._require_room(prototype, count, path)
            for number in range(count):
                name, value = values[number] if number < len(values) else ("", None)
                id_short = free(id_short_of(prototype, name, number, count), names)
                made.append(self._element(prototype, id_short, value, lineage, path))
        for name in given.left:
            self._tell(UNKNOWN, f"{path}.{name}".lstrip("."), _unknown(name, prototypes))
        return made

    def items(
        self,
        prototypes: Sequence[Prototype],
        values: Any,
        lineage: tuple[Prototype, ...],
        path: str,
    ) -> list[Node]:
        """Return the items of a list: one for each value, else what the mode demands."""
        given = values if isinstance(values, list) else []
        if values is not None and not isinstance(values, list):
            self._tell(WRONG_VALUE, path, "a list takes an array")
        if not prototypes:
            if given:
                self._tell(UNKNOWN, path, "the template says nothing of items of this list")
            return []
        first = prototypes[0]
        alike = [each for each in prototypes if each.ids == first.ids]  # AASd-114
        if given:
            wanted = [(fitting_item(alike, value), value) for value in given]
        else:
            wanted = [(each, None) for each in alike for _ in range(self._count(each))]
        return [
            self._element(prototype, "", value, lineage, f"{path}[{index}]")
            for index, (prototype, value) in enumerate(wanted)
        ]

    def tell_unknown(self) -> None:
        """Tell of paths of prototypes that were asked for and are not in the template."""
        for path in sorted({*self._request.select, *self._request.counts} - self._seen):
            self._tell(UNKNOWN, path, "is no prototype that could be reached in the template")

    def _count(self, prototype: Prototype) -> int:
        path = prototype.path
        self._seen.add(path)
        if path in self._request.counts:
            return self._request.counts[path]
        if self._request.mode is Mode.FULL or path in self._selected:
            return max(1, prototype.cardinality.least)
        return prototype.cardinality.least

    def _require_room(self, prototype: Prototype, count: int, path: str) -> None:
        most = prototype.cardinality.most
        if most is not None and count > most:
            where = f"{path}.{prototype.id_short}".lstrip(".")
            text = f"stands {count} times, and the template allows {most}"
            self._tell(TOO_MANY, where, text)

    def _chosen(
        self,
        prototypes: Sequence[Prototype],
        taken: dict[Prototype, list[tuple[str, Any]]],
        path: str,
    ) -> set[Prototype]:
        """Return which member of each either-or class there is."""
        classes: dict[str, list[Prototype]] = {}
        for prototype in prototypes:
            if prototype.rules.either_or is not None:
                classes.setdefault(prototype.rules.either_or, []).append(prototype)
        chosen: set[Prototype] = set()
        for name, members in classes.items():
            given = [each for each in members if taken[each]]
            if len(given) > 1:
                names = ", ".join(each.id_short for each in given)
                self._tell(EITHER_OR, path or name, f"only one of {names} may have a value")
            wanted = self._request.choices.get(name)
            asked = [each for each in members if each.id_short == wanted]
            found = given or asked or self._by_mode(members)
            chosen.update(found[:1])
        return chosen

    def _by_mode(self, members: list[Prototype]) -> list[Prototype]:
        required = [each for each in members if each.cardinality.least > 0]
        selected = [each for each in members if each.path in self._selected]
        if selected or required:
            return selected or required
        return members if self._request.mode is Mode.FULL else []

    def _element(
        self,
        prototype: Prototype,
        id_short: str,
        value: Any,
        lineage: tuple[Prototype, ...],
        parent: str,
    ) -> Node:
        path = parent if not id_short else f"{parent}.{id_short}".lstrip(".")
        element = dict(self._maker.bare(prototype))
        element.pop("idShort", None)
        if id_short:
            element = {"modelType": element["modelType"], "idShort": id_short, **element}
        self._elements += 1
        if len(lineage) > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            self._tell(TOO_MANY, path, "is nested too deep, or one of too many elements")
            return element
        if prototype.is_arbitrary and isinstance(value, dict) and "value" in value:
            own = {name: value[name] for name in _OWN if name in value}
            element |= {name: _own_reference(name, member) for name, member in own.items()}
            value = value["value"]
        if value is EMPTY and prototype.model_type in _VALUES:
            self._note_unfilled(prototype, element, path)
            return element
        value = None if value is EMPTY else value
        if prototype.model_type in CHILDREN_ATTRIBUTE:
            element = self._container(prototype, element, value, lineage, path)
        elif prototype.model_type == "Operation":
            element |= self._variables(prototype, lineage, path)
        else:
            element = self._leaf(prototype, element, value, path)
        self._note_unfilled(prototype, element, path)
        return element

    def _container(
        self,
        prototype: Prototype,
        element: Node,
        value: Any,
        lineage: tuple[Prototype, ...],
        path: str,
    ) -> Node:
        children = self._children(prototype, lineage, value, path)
        below = (*lineage, prototype)
        attribute = CHILDREN_ATTRIBUTE[prototype.model_type]
        if prototype.model_type == "SubmodelElementList":
            made = self.items(children, value, below, path)
        elif value is not None and not isinstance(value, dict):
            self._tell(WRONG_VALUE, path, f"a {prototype.model_type} takes an object")
            made = self.level(children, Given(None), below, path)
        elif prototype.model_type == "SubmodelElementCollection":
            made = self.level(children, Given(value), below, path)
        else:
            own, inner = own_and_inner(prototype, value, attribute)
            if own:
                element = self._leaf(prototype, element, own, path)
            made = self.level(children, Given(inner), below, path)
        return {**element, attribute: made} if made else element

    def _children(
        self, prototype: Prototype, lineage: tuple[Prototype, ...], value: Any, path: str
    ) -> tuple[Prototype, ...]:
        """Return the prototypes below one: its own, those of what defines a drop-in, or those of
        the prototype above that it repeats; the last only for given values.
        """
        if prototype.children:
            return prototype.children
        if prototype.is_drop_in:
            found = self._maker.definition(prototype)
            if found is None:
                text = "its content is defined by a template that is not known here"
                self._tell(DROP_IN_UNKNOWN, path, text, is_error=False)
                return ()
            # A definition that contains what it defines goes on with values only.
            used = [self._maker.definition(each) for each in lineage if each.is_drop_in]
            if value is not None or (found not in lineage and found not in used):
                return found.children
            return ()
        if value is not None:
            for above in reversed(lineage):
                if above.children and _repeats(prototype, above):
                    return above.children
        return ()

    def _leaf(self, prototype: Prototype, element: Node, value: Any, path: str) -> Node:
        if value is not None:
            try:
                return filled(element, value)
            except BadRequest as error:
                place = f"{path} {error.path}" if error.path else path
                self._tell(WRONG_VALUE, place, error.text)
                return element
        if prototype.model_type != "Property" or "value" in element:
            return element
        rules = prototype.rules
        text = rules.initial if rules.initial is not None else rules.default
        if text is None:
            return element
        value_type = str(element.get("valueType", "xs:string"))
        lexical = legal_text(value_type, text)
        if lexical is None:
            words = f"the template's initial value {text!r} is no {value_type}"
            self._tell(BAD_INITIAL, path, words, is_error=False)
            return element
        return {**element, "value": lexical}

    def _variables(
        self, prototype: Prototype, lineage: tuple[Prototype, ...], path: str
    ) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for name in ("inputVariables", "outputVariables", "inoutputVariables"):
            wanted = [each for each in prototype.children if each.variables == name]
            # What an operation takes and gives is not filled in: it is what it is.
            quiet = _Making(self._maker, Request("", self._request.mode))
            made = quiet.level(wanted, Given(None), (*lineage, prototype), path)
            if made:
                found[name] = [{"value": each} for each in made]
        return found

    def _note_unfilled(self, prototype: Prototype, element: Node, path: str) -> None:
        names = _VALUES.get(prototype.model_type)
        if names is None or any(name in element for name in names):
            return
        is_required = prototype.cardinality.least > 0 and not prototype.in_list
        is_empty_on_purpose = INTENTIONALLY_EMPTY in prototype.ids
        if is_required and not is_empty_on_purpose:
            self.unfilled.append(Unfilled(path, prototype.path))

    def _tell(self, code: str, path: str, text: str, *, is_error: bool = True) -> None:
        self.findings.append(Finding(code, path, text, is_error))


def _with_parents(paths: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        while path:
            found.add(path)
            cut = max(path.rfind("."), path.rfind("["))
            path = path[:cut] if cut > 0 else ""
    return found


def _unknown(name: str, prototypes: Sequence[Prototype]) -> str:
    known = [each.id_short for each in prototypes if each.id_short]
    near = difflib.get_close_matches(name, known, 1)
    hint = f": did you mean {near[0]}?" if near else ""
    return f"the template has no such element here{hint}"


def _own_reference(name: str, member: Any) -> Any:
    if name == "semanticId" and isinstance(member, str):
        keys = [{"type": "GlobalReference", "value": member}]
        return {"type": "ExternalReference", "keys": keys}
    return member


def _repeats(prototype: Prototype, above: Prototype) -> bool:
    """Return whether a prototype without content stands for the same as one above it."""
    if prototype.model_type != above.model_type:
        return False
    return prototype.id_short == above.id_short or bool(prototype.ids & above.ids)
