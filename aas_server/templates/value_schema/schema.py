"""JSON Schema 2020-12 of the ValueOnly form, level by level."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.concepts import Concepts, text_in
from aas_server.templates.instantiation.dropins import definition
from aas_server.templates.instantiation.naming import legal_name
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.semantics import INTENTIONALLY_EMPTY
from aas_server.templates.value_schema.leaves import DEFINITIONS, ENTITY, RELATIONSHIP, fixed, leaf
from aas_server.templates.value_schema.names import has_own_pattern, patterns
from aas_server.templates.value_schema.scalars import Schema, anchored

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_VALUELESS: Final = frozenset({"Capability", "Operation"})
_OBJECT: Final[Schema] = {"type": "object"}
_NOTHING: Final[Schema] = {"type": "null"}
_PLACE: Final = "#/$defs/"
_ODD: Final = re.compile(r"[^A-Za-z0-9_]+")


def value_schema(
    template: Template, catalog: TemplateCatalog | None = None, *, language: str = "en"
) -> Schema:
    """Return the JSON Schema of what ``$value`` shows of instances of ``template``.

    Members that the template does not have are not allowed, but where it leaves names free.
    Content of drop-ins is looked up in ``catalog``; unknown content may be anything. Titles and
    descriptions are in ``language``.
    """
    return _Making(template, catalog or TemplateCatalog(), language).schema()


class _Making:
    """One schema on its way: its definitions, and the prototypes that need one."""

    def __init__(self, template: Template, catalog: TemplateCatalog, language: str) -> None:
        self._template = template
        self._catalog = catalog
        self._language = language
        self._concepts = Concepts(template)
        self._named: dict[Prototype, str] = {}
        self._definitions: dict[str, Schema] = {}

    def schema(self) -> Schema:
        node = self._template.node
        head: Schema = {
            "$schema": DIALECT,
            "title": text_in(node.get("displayName"), self._language) or self._template.id_short,
            "description": text_in(node.get("description"), self._language),
            "x-semantic-id": ", ".join(sorted(self._template.ids)),
            "x-template-id": self._template.template_id,
        }
        body = self._level(self._template.children, ())
        definitions = {**DEFINITIONS, **self._definitions}
        schema = {**{name: value for name, value in head.items() if value}, **body}
        used = sorted(_used(schema, definitions))
        return {**schema, "$defs": {name: definitions[name] for name in used}} if used else schema

    def _level(self, prototypes: Sequence[Prototype], lineage: tuple[Prototype, ...]) -> Schema:
        """Return the schema of an object with a member for each element of a level."""
        shown = [each for each in prototypes if each.model_type not in _VALUELESS]
        if not prototypes:
            return dict(_OBJECT)
        made = {each: self._element(each, lineage) for each in shown}
        named = _named(shown)
        free = [each for each in shown if each not in named.values()]
        schema: Schema = {
            "type": "object",
            "properties": {name: made[each] for name, each in named.items()},
        }
        for group in patterns(free, list(named)):
            members = schema.setdefault("patternProperties", {})
            members[anchored(group.pattern)] = _any_of([made[each] for each in group.prototypes])
        others = [made[each] for each in free if not has_own_pattern(each)]
        schema["additionalProperties"] = _any_of(others) if others else False
        return schema | self._presence(shown)

    def _presence(self, prototypes: Sequence[Prototype]) -> Schema:
        """Return which members there must be, how many at least, and which exclude each other."""
        classes: dict[str, list[Prototype]] = {}
        for each in prototypes:
            if each.rules.either_or is not None:
                classes.setdefault(each.rules.either_or, []).append(each)
        certain = [
            each
            for each in prototypes
            if each.rules.either_or is None and each.cardinality.least > 0 and self._shows(each)
        ]
        required = list(dict.fromkeys(each.id_short for each in certain if each.is_named))
        least = sum(each.cardinality.least for each in certain)
        found: Schema = {"required": required} if required else {}
        if least > len(required):
            found["minProperties"] = least
        rules = [rule for members in classes.values() for rule in self._either_or(members)]
        return {**found, "allOf": rules} if rules else found

    def _either_or(self, members: list[Prototype]) -> list[Schema]:
        names = list(_named(members))
        if len(names) < len(members):
            return []  # names are free, so that not every member can be told by its name
        rules: list[Schema] = [{"not": {"required": list(two)}} for two in combinations(names, 2)]
        is_required = any(each.cardinality.least > 0 for each in members)
        if is_required and all(map(self._shows, members)):
            rules.append({"anyOf": [{"required": [name]} for name in names]})
        return rules

    def _shows(self, prototype: Prototype) -> bool:
        """Return whether ``$value`` surely shows something of an element with all it needs."""
        if prototype.model_type in _VALUELESS or INTENTIONALLY_EMPTY in prototype.ids:
            return False
        if prototype.model_type not in CHILDREN_ATTRIBUTE or prototype.model_type.startswith("Ann"):
            return True
        return any(
            each.cardinality.least > 0 and each.rules.either_or is None and self._shows(each)
            for each in prototype.children
        )

    def _element(self, prototype: Prototype, lineage: tuple[Prototype, ...]) -> Schema:
        if prototype.model_type in CHILDREN_ATTRIBUTE:
            value = self._container(prototype, lineage)
        else:
            value = leaf(prototype)
        return {**self._about(prototype), **value}

    def _container(self, prototype: Prototype, lineage: tuple[Prototype, ...]) -> Schema:
        """Return the schema of an element with children; one that is within itself by reference."""
        source = self._source(prototype, lineage)
        if source is None:
            return self._around(prototype, None, lineage)
        if source in lineage:
            name = self._named.setdefault(source, self._free_name(source))
            return {"$ref": f"{_PLACE}{name}"}
        schema = self._around(prototype, source, (*lineage, source))
        if source not in self._named:
            return schema
        self._definitions[self._named[source]] = schema
        return {"$ref": f"{_PLACE}{self._named[source]}"}

    def _around(
        self, prototype: Prototype, source: Prototype | None, lineage: tuple[Prototype, ...]
    ) -> Schema:
        children = source.children if source is not None else ()
        if prototype.model_type == "SubmodelElementList":
            return self._items(prototype, children, lineage)
        inner = self._level(children, lineage)
        if prototype.model_type == "Entity":
            return fixed({"statements": inner, **ENTITY}, *_if_any(inner, "statements"))
        if prototype.model_type == "AnnotatedRelationshipElement":
            return fixed({**RELATIONSHIP, "annotations": inner}, *_if_any(inner, "annotations"))
        return inner

    def _items(
        self,
        prototype: Prototype,
        children: Sequence[Prototype],
        lineage: tuple[Prototype, ...],
    ) -> Schema:
        items = [self._element(each, lineage) for each in children]
        if not children:
            items = [self._declared_item(prototype)]
        if any(each.cardinality.least == 0 or not self._shows(each) for each in children):
            items.append(dict(_NOTHING))
        schema: Schema = {"type": "array", "items": _any_of(items)}
        least = max((each.cardinality.least for each in children), default=0)
        most = children[0].cardinality.most if len(children) == 1 else None
        if least:
            schema["minItems"] = least
        if most is not None:
            schema["maxItems"] = most
        return schema

    def _declared_item(self, prototype: Prototype) -> Schema:
        """Return the schema of items of which only the types are said."""
        node = prototype.node
        item = {"modelType": node.get("typeValueListElement", "")}
        if "valueTypeListElement" in node:
            item["valueType"] = node["valueTypeListElement"]
        if item["modelType"] in CHILDREN_ATTRIBUTE or prototype.is_arbitrary:
            return {}
        return _any_of([leaf(Prototype(item, f"{prototype.path}[]", in_list=True)), _NOTHING])

    def _source(self, prototype: Prototype, lineage: tuple[Prototype, ...]) -> Prototype | None:
        """Return whose children stand in an element: its own, those of what defines a drop-in, or
        those of an element above that it repeats.
        """
        if prototype.children:
            return prototype
        if prototype.is_drop_in:
            return definition(prototype, self._catalog)
        if prototype.is_arbitrary:
            return None
        for above in reversed(lineage):
            is_alike = prototype.id_short == above.id_short or bool(prototype.ids & above.ids)
            if is_alike and prototype.model_type == above.model_type:
                return above
        return None

    def _free_name(self, prototype: Prototype) -> str:
        name = _ODD.sub("_", prototype.id_short or prototype.path).strip("_") or "Element"
        taken = {*DEFINITIONS, *self._named.values()}
        number = 1
        while (found := name if number == 1 else f"{name}{number}") in taken:
            number += 1
        return found

    def _about(self, prototype: Prototype) -> Schema:
        """Return what tells a reader of the element: title, description, unit, meaning."""
        node, language = prototype.node, self._language
        concept = self._concepts.of(node)
        found: Schema = {
            "title": text_in(node.get("displayName"), language)
            or (concept.name(language) if concept else ""),
            "description": text_in(node.get("description"), language)
            or (concept.definition(language) if concept else ""),
            "x-unit": concept.unit if concept else "",
            "x-unit-id": concept.unit_id if concept else "",
            "x-value-list": concept.value_list if concept else [],
            "x-semantic-id": ", ".join(sorted(prototype.ids)),
            "readOnly": prototype.rules.access_mode == "ReadOnly",
        }
        return {name: value for name, value in found.items() if value}


def _named(prototypes: Sequence[Prototype]) -> dict[str, Prototype]:
    """Return the prototypes whose elements have exactly one name, by it."""
    counts = Counter(each.id_short for each in prototypes)
    return {
        legal_name(each.id_short): each
        for each in prototypes
        if each.is_named and counts[each.id_short] == 1
    }


def _used(schema: Schema, definitions: Mapping[str, Schema]) -> set[str]:
    """Return the definitions that a schema refers to, by way of others too."""
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix(_PLACE)
            if name in definitions and name not in found:
                found.add(name)
                waiting.append(definitions[name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def _any_of(schemas: Sequence[Schema]) -> Schema:
    """Return what fits one of ``schemas``, each of them once."""
    different: list[Schema] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    return different[0] if len(different) == 1 else {"anyOf": different}


def _if_any(inner: Schema, name: str) -> tuple[str, ...]:
    return (name,) if inner.get("required") or inner.get("minProperties") else ()
