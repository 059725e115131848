"""Judging a submodel by its template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.dropins import definition
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.semantics import canonical, primary_ids, without_version
from aas_server.templates.validation.checks import Context, check_element, leftovers
from aas_server.templates.validation.matching import Element, LevelMatcher, Matched, element_of
from aas_server.templates.validation.report import Level, Mode, Violation

_MAX_DEPTH: Final = 64
_MAX_VIOLATIONS: Final = 10_000
_VARIABLES: Final = ("inputVariables", "outputVariables", "inoutputVariables")
_Level = tuple[Prototype, ...]


class Judge:
    """Judges submodels by one template; content of drop-ins is looked up in ``catalog``."""

    def __init__(self, template: Template, catalog: TemplateCatalog | None = None) -> None:
        self.template = template
        self._catalog = catalog or TemplateCatalog()
        self._matchers: dict[_Level, LevelMatcher] = {}
        self._defined: dict[Prototype, Prototype | None] = {}
        self._value_lists = dict(_value_lists(template.concept_descriptions.items()))

    def judge(
        self,
        submodel: Node,
        *,
        mode: Mode = Mode.STRICT,
        concept_descriptions: Mapping[str, Node] | None = None,
    ) -> list[Violation]:
        """Return what in ``submodel`` is not as the template has it, in the order of its elements.

        ``concept_descriptions`` come with the instance; their value lists count, too.
        """
        lists = self._value_lists
        if concept_descriptions:
            lists = {**lists, **dict(_value_lists(concept_descriptions.items()))}
        judging = _Judging(self, Context(mode, lists))
        return judging.submodel(submodel)

    def matcher(self, level: _Level) -> LevelMatcher:
        """Return what matches the elements of a level."""
        found = self._matchers.get(level)
        if found is None:
            found = self._matchers[level] = LevelMatcher(level)
        return found

    def children(self, prototype: Prototype, lineage: tuple[Prototype, ...]) -> _Level | None:
        """Return the prototypes below one: its own, those of a drop-in's definition, those of what
        it repeats; None when the template says nothing of its content.
        """
        if prototype.children:
            return prototype.children
        if prototype.is_drop_in:
            if prototype not in self._defined:
                self._defined[prototype] = definition(prototype, self._catalog)
            found = self._defined[prototype]
            return None if found is None else found.children
        for above in reversed(lineage):
            same_name = bool(prototype.id_short) and prototype.id_short == above.id_short
            is_same = same_name or bool(prototype.ids & above.ids)
            if is_same and above.model_type == prototype.model_type and above.children:
                return above.children
        return None


class _Judging:
    """One submodel on its way through the rules."""

    def __init__(self, judge: Judge, context: Context) -> None:
        self._judge = judge
        self._context = context
        self._violations: list[Violation] = []

    def submodel(self, submodel: Node) -> list[Violation]:
        template = self._judge.template
        self._submodel_itself(submodel, template)
        elements = _elements(submodel, "")
        self._level(template.children, elements, (), "", is_list=False)
        return self._violations

    def _submodel_itself(self, submodel: Node, template: Template) -> None:
        if submodel.get("kind") == "Template":
            self._say(
                "kind",
                Level.ERROR,
                "",
                "is a template",
                "Instance",
                "Template",
                "set kind=Instance",
            )
        ids = primary_ids(submodel)
        if template.ids and not ids & template.ids:
            expected = ", ".join(sorted(template.ids))
            rough = {without_version(each) for each in template.ids}
            is_near = any(without_version(each) in rough for each in ids)
            text = "has the semanticId of another version" if is_near else "has another semanticId"
            level = Level.WARNING if is_near else self._context.doubt
            found = ", ".join(sorted(ids)) or "none"
            self._say("semantic-id", level, "", text, expected, found, f"set {expected}")
        if template.id_short and submodel.get("idShort") != template.id_short:
            found = str(submodel.get("idShort"))
            text = "is not called like its template"
            expected = template.id_short
            self._say("id-short", Level.INFO, "", text, expected, found, f"call it {expected}")
        self._violations += leftovers(submodel, "", "")

    def _level(
        self,
        prototypes: _Level,
        elements: Sequence[Element],
        lineage: tuple[Prototype, ...],
        path: str,
        *,
        is_list: bool,
    ) -> None:
        if len(lineage) > _MAX_DEPTH or len(self._violations) > _MAX_VIOLATIONS:
            return
        matcher = self._judge.matcher(prototypes)
        matched = matcher.match(elements)
        self._cardinalities(prototypes, matched, path, is_list=is_list)
        self._either_or(prototypes, matched, path)
        for prototype, found in matched.by_prototype.items():
            for element in found:
                self._violations += check_element(prototype, element, self._context)
                self._below(prototype, element, lineage)
        for element in matched.unknown:
            self._unknown(matcher, element)

    def _below(
        self, prototype: Prototype, element: Element, lineage: tuple[Prototype, ...]
    ) -> None:
        if element.model_type != prototype.model_type:
            return
        if prototype.model_type == "Operation":
            self._operation(prototype, element, lineage)
            return
        if prototype.model_type not in CHILDREN_ATTRIBUTE:
            return
        below = self._judge.children(prototype, lineage)
        if below is None:
            if prototype.is_drop_in:
                text = "is not judged: the template that defines its content is not known"
                self._say("drop-in", Level.INFO, element.path, text, template=prototype)
            return
        is_list = prototype.model_type == "SubmodelElementList"
        children = _elements(element.node, element.path)
        if children or prototype.children or prototype.is_drop_in:
            # A repetition that the template cuts off ends wherever the instance ends it.
            self._level(below, children, (*lineage, prototype), element.path, is_list=is_list)

    def _operation(
        self, prototype: Prototype, element: Element, lineage: tuple[Prototype, ...]
    ) -> None:
        for name in _VARIABLES:
            wanted = tuple(each for each in prototype.children if each.variables == name)
            given = element.node.get(name)
            values = [
                each["value"]
                for each in (given if isinstance(given, list) else ())
                if isinstance(each, dict) and isinstance(each.get("value"), dict)
            ]
            holder = {"modelType": "SubmodelElementCollection", "value": values}
            below = (*lineage, prototype)
            children = _elements(holder, element.path)
            self._level(wanted, children, below, element.path, is_list=False)

    def _cardinalities(
        self, prototypes: _Level, matched: Matched, path: str, *, is_list: bool
    ) -> None:
        # Several prototypes of items show what may be there, not what each list must have.
        is_sample = is_list and len(prototypes) > 1
        for prototype in prototypes:
            count = len(matched.by_prototype.get(prototype, ()))
            cardinality = prototype.cardinality
            if is_sample or cardinality.holds(count):
                continue
            name = prototype.id_short or "an item"
            if count < cardinality.least:
                if prototype.rules.either_or is None:
                    text = f"lacks {name}"
                    remedy = f"add {name}, a {prototype.model_type}"
                    found = str(count)
                    expected = str(cardinality)
                    self._say(
                        "missing", Level.ERROR, path, text, expected, found, remedy, prototype
                    )
                continue
            places = ", ".join(each.path for each in matched.by_prototype[prototype][:5])
            text = f"has {count} elements that stand for {name}: {places}"
            self._say(
                "too-many",
                Level.ERROR,
                path,
                text,
                str(cardinality),
                str(count),
                "remove what is too much",
                prototype,
            )

    def _either_or(self, prototypes: _Level, matched: Matched, path: str) -> None:
        classes: dict[str, list[Prototype]] = {}
        for each in prototypes:
            if each.rules.either_or is not None:
                classes.setdefault(each.rules.either_or, []).append(each)
        for name, members in classes.items():
            there = [each for each in members if matched.by_prototype.get(each)]
            names = ", ".join(each.id_short for each in members)
            if len(there) > 1:
                found = ", ".join(each.id_short for each in there)
                text = f"has several of the either-or {name}"
                remedy = "keep one of them"
                self._say(
                    "either-or", Level.ERROR, path, text, f"one of {names}", found, remedy, there[1]
                )
            elif not there and any(each.cardinality.least > 0 for each in members):
                text = f"has none of the either-or {name}"
                remedy = "add one of them"
                self._say(
                    "either-or",
                    Level.ERROR,
                    path,
                    text,
                    f"one of {names}",
                    "none",
                    remedy,
                    members[0],
                )

    def _unknown(self, matcher: LevelMatcher, element: Element) -> None:
        near = matcher.near(element)
        if near is None:
            text = "is not in the template"
            self._say("unknown", Level.INFO, element.path, text, "", element.id_short)
            return
        text = f"is not in the template, and may be meant for {near.id_short or 'its items'}"
        expected = ", ".join(sorted(near.ids)) or near.id_short
        found = ", ".join(sorted(element.ids)) or element.id_short
        remedy = f"give it the semanticId and idShort of {near.path}"
        self._say("near-miss", Level.WARNING, element.path, text, expected, found, remedy, near)

    def _say(
        self,
        code: str,
        level: Level,
        path: str,
        text: str,
        expected: str = "",
        found: str = "",
        remedy: str = "",
        template: Prototype | None = None,
    ) -> None:
        place = "" if template is None else template.path
        self._violations.append(Violation(code, level, path, text, expected, found, place, remedy))


def _elements(parent: Node, path: str) -> list[Element]:
    attribute = CHILDREN_ATTRIBUTE.get(str(parent.get("modelType", "")))
    nodes: Any = parent.get(attribute) if attribute else None
    is_list = parent.get("modelType") == "SubmodelElementList"
    found = []
    for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
        if not isinstance(node, dict):
            continue
        name = str(node.get("idShort", f"[{index}]"))
        here = f"{path}[{index}]" if is_list else f"{path}.{name}" if path else name
        found.append(element_of(node, here))
    return found


def _value_lists(concepts: Iterable[tuple[str, Node]]) -> Iterator[tuple[str, frozenset[str]]]:
    for identifier, concept in concepts:
        for embedded in concept.get("embeddedDataSpecifications") or ():
            content = embedded.get("dataSpecificationContent") or {}
            pairs = (content.get("valueList") or {}).get("valueReferencePairs") or ()
            values = frozenset(str(each["value"]) for each in pairs if each.get("value"))
            if values:
                yield canonical(identifier), values
