"""What a prototype demands of one element that is made after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import INTENTIONALLY_EMPTY, without_version
from aas_server.templates.validation.matching import Element
from aas_server.templates.validation.report import Level, Mode, Violation
from aas_server.templates.vocabulary import belongs_to_templates

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
_LIST_TYPES: Final = ("typeValueListElement", "valueTypeListElement")
_MAX_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Context:
    """How strict it is, and what is known besides: which values a concept lists."""

    mode: Mode
    value_lists: Mapping[str, frozenset[str]]

    @property
    def doubt(self) -> Level:
        """Return the level of what must not be published, but may be imported."""
        return Level.ERROR if self.mode is Mode.STRICT else Level.WARNING


def check_element(prototype: Prototype, element: Element, context: Context) -> Iterator[Violation]:
    """Yield what is not as the prototype has it; children are looked at by themselves."""
    said = _Sayer(prototype, element.path)
    node = element.node
    if node.get("modelType") != prototype.model_type:
        yield said.wrong(
            "model-type",
            Level.ERROR,
            "has another type",
            prototype.model_type,
            str(node.get("modelType")),
            f"make it a {prototype.model_type}",
        )
        return
    yield from _semantics(prototype, element, context, said)
    yield from _names(prototype, element, context, said)
    yield from _types(prototype, node, said)
    yield from _values(prototype, node, context, said)
    yield from leftovers(node, element.path, prototype.path)


def leftovers(node: Node, path: str, template_path: str) -> Iterator[Violation]:
    """Yield the qualifiers that only a template may have (AASd-129)."""
    for qualifier in node.get("qualifiers") or ():
        if isinstance(qualifier, dict) and belongs_to_templates(qualifier):
            name = str(qualifier.get("type"))
            yield Violation(
                "leftover-qualifier",
                Level.ERROR,
                path,
                "has a qualifier that belongs to the template",
                "no such qualifier",
                name,
                template_path,
                f"remove the qualifier {name}",
            )


@dataclass(frozen=True, slots=True)
class _Sayer:
    prototype: Prototype
    path: str

    def wrong(
        self, code: str, level: Level, text: str, expected: str, found: str, remedy: str
    ) -> Violation:
        shown = found if len(found) <= _MAX_SHOWN else f"{found[:_MAX_SHOWN]}…"
        return Violation(code, level, self.path, text, expected, shown, self.prototype.path, remedy)


def _semantics(
    prototype: Prototype, element: Element, context: Context, said: _Sayer
) -> Iterator[Violation]:
    if not prototype.ids or prototype.is_arbitrary:
        return
    expected = ", ".join(sorted(prototype.ids))
    if not element.ids:
        text = "has no semanticId"
        yield said.wrong("semantic-id", Level.WARNING, text, expected, "none", f"set {expected}")
        return
    if (element.ids | element.supplemental) & (prototype.ids | prototype.supplemental):
        return
    rough = {without_version(each) for each in prototype.ids | prototype.supplemental}
    is_near = any(without_version(each) in rough for each in element.ids)
    found = ", ".join(sorted(element.ids))
    text = "has the semanticId of another version" if is_near else "has another semanticId"
    level = Level.WARNING if is_near else context.doubt
    yield said.wrong("semantic-id", level, text, expected, found, f"set {expected}")


def _names(
    prototype: Prototype, element: Element, context: Context, said: _Sayer
) -> Iterator[Violation]:
    name = element.id_short
    if prototype.is_named and name != prototype.id_short:
        yield said.wrong(
            "id-short",
            context.doubt,
            "has another idShort",
            prototype.id_short,
            name,
            f"call it {prototype.id_short}",
        )
    pattern = prototype.rules.allowed_id_short
    if pattern is not None and not prototype.in_list and not pattern.matches(name):
        yield said.wrong(
            "id-short",
            Level.ERROR,
            "has an idShort that the template does not allow",
            pattern.text,
            name,
            f"choose an idShort that matches {pattern.text}",
        )


def _types(prototype: Prototype, node: Node, said: _Sayer) -> Iterator[Violation]:
    wanted = prototype.node
    if "valueType" in wanted and node.get("valueType") != wanted["valueType"]:
        yield said.wrong(
            "value-type",
            Level.ERROR,
            "has another valueType",
            str(wanted["valueType"]),
            str(node.get("valueType")),
            f"set valueType to {wanted['valueType']}",
        )
    for name in _LIST_TYPES:
        if name in wanted and node.get(name) != wanted[name]:
            yield said.wrong(
                "list-type",
                Level.ERROR,
                f"has another {name}",
                str(wanted[name]),
                str(node.get(name)),
                f"set {name} to {wanted[name]}",
            )
    kind = wanted.get("entityType")
    if kind and "entityType" in node and node["entityType"] != kind:
        text = "has another entityType"
        found = str(node["entityType"])
        yield said.wrong("entity-type", Level.WARNING, text, kind, found, f"make it {kind}")


def _values(
    prototype: Prototype, node: Node, context: Context, said: _Sayer
) -> Iterator[Violation]:
    names = _VALUES.get(prototype.model_type)
    if names is None:
        return
    if not any(node.get(name) not in (None, "", []) for name in names):
        yield from _empty(prototype, context, said)
        return
    rules = prototype.rules
    for name in ("value", "min", "max"):
        text = node.get(name)
        if not isinstance(text, str):
            continue
        is_boolean = node.get("valueType") == "xs:boolean"
        allowed = rules.allowed_values
        if allowed is not None and name == "value" and not _is_among(allowed, text, is_boolean):
            yield said.wrong(
                "allowed-value",
                Level.ERROR,
                "has a value that the template does not allow",
                str(allowed),
                text,
                "choose one of the allowed values",
            )
        if rules.allowed_range is not None and not _is_within(rules.allowed_range, text):
            yield said.wrong(
                "allowed-range",
                Level.ERROR,
                "is out of range",
                rules.allowed_range.text,
                text,
                f"choose a number in {rules.allowed_range.text}",
            )
    yield from _choices(prototype, node, context, said)
    yield from _languages(prototype, node, said)


def _empty(prototype: Prototype, context: Context, said: _Sayer) -> Iterator[Violation]:
    if INTENTIONALLY_EMPTY in prototype.ids:
        text = "is to be filled in later"
        yield said.wrong("no-value", Level.INFO, text, "a value, one day", "none", "fill it in")
    elif prototype.cardinality.least > 0 and not prototype.in_list:
        text = "is required and has no value"
        yield said.wrong("no-value", context.doubt, text, "a value", "none", "fill it in")


def _choices(
    prototype: Prototype, node: Node, context: Context, said: _Sayer
) -> Iterator[Violation]:
    text = node.get("value")
    if not isinstance(text, str) or prototype.model_type != "Property":
        return
    choices = prototype.rules.choices
    known = {each.casefold() for each in choices}
    if choices and text.casefold() not in known and prototype.rules.allowed_values is None:
        yield said.wrong(
            "choices",
            Level.WARNING,
            "is none of the choices that forms offer",
            "; ".join(choices),
            text,
            "choose one of them",
        )
    for identifier in prototype.ids:
        values = context.value_lists.get(identifier)
        if values and text not in values:
            yield said.wrong(
                "value-list",
                context.doubt,
                "is not in the value list of its concept",
                "; ".join(sorted(values)[:20]),
                text,
                "choose a value of the list",
            )


def _languages(prototype: Prototype, node: Node, said: _Sayer) -> Iterator[Violation]:
    texts: Any = node.get("value")
    if prototype.model_type != "MultiLanguageProperty" or not isinstance(texts, list):
        return
    there = {str(each.get("language", "")).casefold() for each in texts if isinstance(each, dict)}
    for language in prototype.rules.languages:
        wanted = language.casefold()
        if not any(each == wanted or each.startswith(f"{wanted}-") for each in there):
            yield said.wrong(
                "language",
                Level.ERROR,
                "lacks a language that the template requires",
                language,
                ", ".join(sorted(there)),
                f"add the text in {language}",
            )


def _is_among(allowed: Any, text: str, is_boolean: bool) -> bool:
    if allowed.allows(text):
        return True
    return is_boolean and any(text.casefold() == each.casefold() for each in allowed.values)


def _is_within(allowed: Any, text: str) -> bool:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return False
    return number.is_finite() and bool(allowed.holds(number))
