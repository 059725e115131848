"""All templates that are known, and which of them a submodel is made after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from aas_server.errors import NotFound
from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import (
    canonical,
    primary_ids,
    supplemental_ids,
    without_version,
)

ALIASES: Final = {
    "https://admin-shell.io/idta/SubmodelTemplate/QualityControlForMachining/1/0": (
        "https://admin-shell.io/idta/QualityControlForMachining/1/0"
    ),
}
"""Semantic ids that a template's document names, and not its file: the id of the template."""

_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Match:
    """The template of a submodel; ``by`` says by what it was found.

    ``warning`` tells what is doubtful about it, ``""`` for nothing.
    """

    template: Template
    by: str
    warning: str = ""


class TemplateCatalog:
    """Templates by what they mean and by their ids; several versions stand side by side."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self._templates: dict[str, Template] = {}
        self._by_semantic_id: dict[str, list[Template]] = {}
        self._by_id: dict[str, list[Template]] = {}
        self._by_rough_id: dict[str, list[Template]] = {}
        for template in templates:
            self.add(template)

    def __iter__(self) -> Iterator[Template]:
        return iter(list(self._templates.values()))

    def __len__(self) -> int:
        return len(self._templates)

    def add(self, template: Template) -> None:
        """Add a template, in the place of the one with its id."""
        self.remove(template.id)
        self._templates[template.id] = template
        for index, key in _keys(self._indexes(), template):
            index.setdefault(key, []).append(template)

    def remove(self, template_id: str) -> None:
        """Forget a template, if it is there."""
        template = self._templates.pop(template_id, None)
        if template is None:
            return
        for index, key in _keys(self._indexes(), template):
            index[key].remove(template)
            if not index[key]:
                del index[key]

    def get(self, template_id: str) -> Template:
        """Return the template whose document has this id; raises ``NotFound`` that names it."""
        found = self._templates.get(template_id)
        if found is None:
            raise NotFound(f"there is no template with the id {template_id!r}")
        return found

    def find(self, submodel: Node) -> Match | None:
        """Return the template of ``submodel``, or None.

        It goes by the semanticId, then by the templateId of the administration, then by aliases and
        supplemental semantic ids, at last by the semanticId whatever its version is; by the idShort
        only where neither has a semanticId.
        """
        wanted = primary_ids(submodel)
        named = _template_id(submodel)
        for by, found in self._ways(wanted, named, supplemental_ids(submodel)):
            if found:
                return self._chosen(by, found, submodel, named)
        for template in self if not wanted else ():
            if not template.ids and template.id_short == submodel.get("idShort"):
                return Match(template, "idShort", "neither submodel nor template has a semanticId")
        return None

    def about(self, semantic_id: str) -> list[Template]:
        """Return the templates with this semanticId, the newest first."""
        return sorted(self._by_semantic_id.get(canonical(semantic_id), ()), key=_age, reverse=True)

    def _ways(
        self, wanted: frozenset[str], named: str, supplemental: frozenset[str]
    ) -> Iterator[tuple[str, list[Template]]]:
        yield "semanticId", _all(self._by_semantic_id, wanted)
        yield "templateId", _all(self._by_id, {named} if named else ())
        aliases = {canonical(ALIASES[each]) for each in wanted if each in ALIASES}
        yield "alias", _all(self._by_id, wanted | aliases)
        yield "supplementalSemanticIds", _all(self._by_semantic_id, supplemental)
        rough = {without_version(each) for each in wanted}
        yield "semanticId without its version", _all(self._by_rough_id, rough)

    def _chosen(self, by: str, found: list[Template], submodel: Node, named: str) -> Match:
        """Return the one of several that the submodel names or is called like, else the newest."""
        newest = sorted(found, key=_age, reverse=True)
        ways: tuple[Callable[[Template], bool], ...] = (
            lambda each: bool(named) and named in _own_ids(each),
            lambda each: each.id_short == submodel.get("idShort"),
        )
        for is_meant in ways:
            meant = [each for each in newest if is_meant(each)]
            if meant:
                newest = meant
                break
        warning = ""
        if by.endswith("version"):
            ids = ", ".join(sorted(newest[0].ids))
            warning = f"no template has this semanticId; the nearest has {ids}"
        elif len(newest) > 1:
            others = ", ".join(each.id for each in newest[1:4])
            warning = f"several templates fit, the newest one is taken; others: {others}"
        return Match(newest[0], by, warning)

    def _indexes(self) -> tuple[dict[str, list[Template]], ...]:
        return self._by_semantic_id, self._by_id, self._by_rough_id


def _keys(
    indexes: tuple[dict[str, list[Template]], ...], template: Template
) -> Iterator[tuple[dict[str, list[Template]], str]]:
    by_semantic_id, by_id, by_rough_id = indexes
    for identifier in template.ids:
        yield by_semantic_id, identifier
    for identifier in _own_ids(template):
        yield by_id, identifier
    for identifier in {without_version(each) for each in template.ids}:
        yield by_rough_id, identifier


def _own_ids(template: Template) -> set[str]:
    return {canonical(template.id), canonical(template.template_id)}


def _all(index: dict[str, list[Template]], keys: Iterable[str]) -> list[Template]:
    found = {id(each): each for key in keys for each in index.get(key, ())}
    return list(found.values())


def _template_id(submodel: Node) -> str:
    administration: Any = submodel.get("administration")
    found = administration.get("templateId") if isinstance(administration, dict) else None
    return canonical(found) if isinstance(found, str) else ""


def _age(template: Template) -> tuple[list[int], str]:
    """Return what grows with the version: that of the administration, else of the ids."""
    text = template.version or next(iter(sorted(template.ids)), template.id)
    return [int(each[:9]) for each in _DIGITS.findall(text)], template.id
