"""Every rule broken once in instances of every published template: it has to be found."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson
import pytest

from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Mode, Request
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.validation.judge import Judge
from aas_server.templates.validation.matching import LevelMatcher, element_of
from aas_server.templates.validation.report import Level, Violation
from aas_server.templates.validation.report import Mode as Strictness

OTHER_TYPE: Final = {"Property": "MultiLanguageProperty"}
Change = Callable[[Prototype, list[Node], int], bool]


def remove(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    if prototype.cardinality.least == 0 or prototype.rules.either_or is not None:
        return False
    del siblings[index]
    return True


def double(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    if prototype.cardinality.most != 1 or prototype.in_list or not prototype.ids:
        return False
    siblings.append({**copy.deepcopy(siblings[index]), "idShort": "AnotherOne"})
    return True


def retype(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    if prototype.is_arbitrary:
        return False
    node = siblings[index]
    siblings[index] = {
        name: node[name] for name in ("idShort", "semanticId", "qualifiers") if name in node
    } | {"modelType": OTHER_TYPE.get(prototype.model_type, "Capability")}
    return True


def change_value_type(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    if "valueType" not in prototype.node:
        return False
    siblings[index]["valueType"] = "xs:hexBinary"
    return True


def change_list_type(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    if prototype.model_type != "SubmodelElementList":
        return False
    siblings[index]["typeValueListElement"] = "Capability"
    return True


def leave_qualifier(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    rule = {"type": "SMT/Cardinality", "valueType": "xs:string", "value": "One"}
    siblings[index]["qualifiers"] = [*(siblings[index].get("qualifiers") or ()), rule]
    return True


def break_allowed_value(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    if prototype.rules.allowed_values is None or prototype.model_type != "Property":
        return False
    siblings[index]["value"] = "no such value"
    return True


def break_range(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    allowed = prototype.rules.allowed_range
    if allowed is None or prototype.model_type != "Property":
        return False
    siblings[index]["value"] = "-1e9"
    return True


def break_name(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    is_named = prototype.is_named and bool(prototype.ids)
    if not is_named and prototype.rules.allowed_id_short is None:
        return False
    if prototype.in_list:
        return False
    siblings[index]["idShort"] = "Other-Name"
    return True


def drift(prototype: Prototype, siblings: list[Node], index: int) -> bool:
    node = siblings[index]
    keys = (node.get("semanticId") or {}).get("keys")
    if not keys or prototype.is_arbitrary or prototype.is_drop_in:
        return False
    value = str(keys[-1]["value"])
    other = f"{value}/9/9" if "://" in value else f"{value.rpartition('#')[0]}#999"
    node["semanticId"] = {**node["semanticId"], "keys": [*keys[:-1], {**keys[-1], "value": other}]}
    return True


CHANGES: Final[dict[str, tuple[Change, frozenset[str]]]] = {
    "required element removed": (remove, frozenset({"missing"})),
    "single element doubled": (double, frozenset({"too-many"})),
    "type changed": (retype, frozenset({"model-type", "missing"})),
    "value type changed": (change_value_type, frozenset({"value-type"})),
    "list type changed": (change_list_type, frozenset({"list-type"})),
    "qualifier left": (leave_qualifier, frozenset({"leftover-qualifier"})),
    "value not allowed": (break_allowed_value, frozenset({"allowed-value"})),
    "value out of range": (break_range, frozenset({"allowed-range"})),
    "another name": (break_name, frozenset({"id-short"})),
    "another version of the meaning": (drift, frozenset({"semantic-id", "near-miss", "missing"})),
}


def places(judge: Judge, submodel: Node) -> Iterator[tuple[Prototype, tuple[Any, ...], int]]:
    """Yield the prototype of every element of an instance, and where the element stands."""

    def level(
        prototypes: tuple[Prototype, ...], node: Node, way: tuple[Any, ...], depth: int
    ) -> Iterator[tuple[Prototype, tuple[Any, ...], int]]:
        attribute = CHILDREN_ATTRIBUTE.get(node.get("modelType", ""))
        nodes = node.get(attribute) or [] if attribute else []
        if depth > 12:
            return
        elements = [element_of(each, str(index)) for index, each in enumerate(nodes)]
        matched = LevelMatcher(prototypes).match(elements)
        for prototype, found in matched.by_prototype.items():
            for element in found:
                index = int(element.path)
                yield prototype, (*way, attribute), index
                if prototype.children:
                    yield from level(
                        prototype.children, nodes[index], (*way, attribute, index), depth + 1
                    )

    yield from level(judge.template.children, submodel, (), 0)


def siblings_at(submodel: Node, way: tuple[Any, ...]) -> list[Node]:
    found: Any = submodel
    for step in way:
        found = found[step]
    assert isinstance(found, list)
    return found


def remarks(violations: list[Violation]) -> Counter[str]:
    return Counter(each.code for each in violations if each.level is not Level.INFO)


SURVIVORS: Final = Counter({"another version of the meaning": 1})
"""Mutants that are not found: a URN of another dictionary's form, its supplemental id unchanged,
may be a meaning of the author's own.
"""


@pytest.mark.timeout(170)
def test_what_is_broken_in_an_instance_is_found(
    published: list[Template], catalog: TemplateCatalog
) -> None:
    killed: Counter[str] = Counter()
    survived: Counter[str] = Counter()
    seen: set[str] = set()
    for template in published:
        if template.id in seen:
            continue  # The same template, said to be of metamodel 3.1.
        seen.add(template.id)
        instance = Maker(template, catalog).make(Request("urn:x", Mode.FULL)).submodel
        judge = Judge(template, catalog)
        before = remarks(judge.judge(instance, mode=Strictness.STRICT))
        found = list(places(judge, instance))
        whole = orjson.dumps(instance)
        for name, (change, codes) in CHANGES.items():
            for prototype, way, index in found:
                if not change(prototype, [dict(siblings_at(instance, way)[index])], 0):
                    continue
                mutant = orjson.loads(whole)
                if not change(prototype, siblings_at(mutant, way), index):
                    continue
                after = remarks(judge.judge(mutant, mode=Strictness.STRICT))
                if any(after[code] > before[code] for code in codes):
                    killed[name] += 1
                else:
                    survived[name] += 1
                break
    assert all(killed[name] for name in CHANGES)
    assert survived == SURVIVORS, dict(killed)
    assert sum(survived.values()) <= sum(killed.values()) / 100
