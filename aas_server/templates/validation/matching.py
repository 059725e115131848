"""Which elements of an instance are made after which prototypes of their level."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import primary_ids, supplemental_ids, without_version

_SEMANTIC: Final = 16
_SUPPLEMENTAL: Final = 12
_NAME: Final = 8
_PATTERN: Final = 4
_TYPE: Final = 2
_ROOM: Final = 1
_ALIKE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Element:
    """An element of an instance with its canonical semantic ids."""

    node: Node
    path: str
    ids: frozenset[str]
    supplemental: frozenset[str]

    @property
    def id_short(self) -> str:
        """The idShort, ``""`` without any."""
        return str(self.node.get("idShort", ""))

    @property
    def model_type(self) -> str:
        """The modelType."""
        return str(self.node.get("modelType", ""))


@dataclass(slots=True)
class Matched:
    """The elements of one level by their prototypes, and those that have none."""

    by_prototype: dict[Prototype, list[Element]] = field(default_factory=dict)
    unknown: list[Element] = field(default_factory=list)


def element_of(node: Node, path: str) -> Element:
    """Return ``node`` with its ids."""
    supplemental = supplemental_ids(node) if "supplementalSemanticIds" in node else frozenset()
    return Element(node, path, primary_ids(node), supplemental)


class LevelMatcher:
    """Finds the prototypes of the elements of one level; made once for each level of a template."""

    def __init__(self, prototypes: Sequence[Prototype]) -> None:
        self.prototypes = tuple(each for each in prototypes if not each.is_arbitrary)
        self.arbitrary = tuple(each for each in prototypes if each.is_arbitrary)
        self._by_id: dict[str, list[Prototype]] = {}
        self._by_name: dict[str, list[Prototype]] = {}
        self._patterns: list[tuple[re.Pattern[str], Prototype]] = []
        for each in self.prototypes:
            for identifier in each.ids | each.supplemental:
                self._by_id.setdefault(identifier, []).append(each)
            if each.placeholder is not None:
                before, after = each.placeholder.before, each.placeholder.after
                text = rf"{re.escape(before)}_*\d+_*{re.escape(after)}"
                self._patterns.append((re.compile(text), each))
            elif each.id_short and not each.in_list:
                self._by_name.setdefault(each.id_short, []).append(each)
            elif each.in_list and not each.ids:
                self._by_name.setdefault("", []).append(each)

    def match(self, elements: Iterable[Element]) -> Matched:
        """Return which elements stand for which prototypes, each element once."""
        found = Matched({each: [] for each in (*self.prototypes, *self.arbitrary)})
        for element in elements:
            prototype = self._best(element, found) or self._arbitrary(element)
            if prototype is None:
                found.unknown.append(element)
            else:
                found.by_prototype[prototype].append(element)
        return found

    def near(self, element: Element) -> Prototype | None:
        """Return the prototype that an unknown element may have been meant for."""
        rough = {without_version(each) for each in element.ids | element.supplemental}
        for each in self.prototypes:
            if rough & {without_version(one) for one in each.ids | each.supplemental}:
                return each
        names = {each.id_short: each for each in self.prototypes if each.id_short}
        close = difflib.get_close_matches(element.id_short, names, 1, _ALIKE)
        return names[close[0]] if close else None

    def _best(self, element: Element, found: Matched) -> Prototype | None:
        scores: dict[Prototype, int] = {}
        for identifier in element.ids | element.supplemental:
            for each in self._by_id.get(identifier, ()):
                is_primary = identifier in element.ids and identifier in each.ids
                score = _SEMANTIC if is_primary else _SUPPLEMENTAL
                scores[each] = max(scores.get(each, 0), score)
        for each in self._by_name.get(element.id_short, ()):
            scores[each] = scores.get(each, 0) + _NAME
        for pattern, each in self._patterns if element.id_short else ():
            if pattern.fullmatch(element.id_short):
                scores[each] = scores.get(each, 0) + _PATTERN
        best, most = None, 0
        for each, score in scores.items():
            total = score
            if each.model_type == element.model_type:
                total += _TYPE
            limit = each.cardinality.most
            if limit is None or len(found.by_prototype[each]) < limit:
                total += _ROOM
            if total > most:
                best, most = each, total
        if best is None and len(self.prototypes) == 1 and self.prototypes[0].in_list:
            # What stands in a list of one kind of items is meant to be one.
            return None if element.ids else self.prototypes[0]
        return best

    def _arbitrary(self, element: Element) -> Prototype | None:
        for each in self.arbitrary:
            if each.model_type == element.model_type:
                return each
        return None
