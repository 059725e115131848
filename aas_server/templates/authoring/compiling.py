"""Compiling: from the source of a template to the environment that tools read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.templates.authoring.concepts import Concepts, lang_strings, reference
from aas_server.templates.authoring.resolving import Element, class_of, resolved
from aas_server.templates.authoring.source import LIST, ElementSource, TemplateSource, Texts
from aas_server.templates.semantics import ARBITRARY, DROP_IN, INTENTIONALLY_EMPTY

_QUALIFIERS: Final = "https://admin-shell.io/SubmodelTemplates"
_ONE_LINE: Final = 150
_INDENT: Final = 2


def compiled(source: TemplateSource) -> Node:
    """Return the environment with the template and the descriptions of its own concepts.

    Raises ``SourceProblems`` that tells everything that does not fit together.
    """
    elements = resolved(source)
    concepts = Concepts(source)
    descriptions = concepts.descriptions(elements)
    environment: Node = {"submodels": [_submodel(source, elements, concepts)]}
    return environment | ({"conceptDescriptions": descriptions} if descriptions else {})


def to_text(document: Node) -> str:
    """Return a document as JSON that has each short value, such as a reference, on one line."""
    return _to_text(document, 0) + "\n"


def _submodel(source: TemplateSource, elements: Iterable[Element], concepts: Concepts) -> Node:
    template_id = source.template_id or f"{source.id.rstrip('/')}/template"
    version, _, revision = source.version.partition(".")
    tree: Node = {
        "modelType": "Submodel",
        "kind": "Template",
        "id": source.document or template_id,
        "idShort": source.template,
        **_words(source.name, source.text),
        "administration": {"version": version, "revision": revision, "templateId": template_id},
        "semanticId": reference(source.id),
    }
    if source.also:
        tree["supplementalSemanticIds"] = [reference(each) for each in source.also]
    return tree | {"submodelElements": [_element(each, concepts) for each in elements]}


def _element(element: Element, concepts: Concepts) -> Node:
    source = element.source
    tree: Node = {"modelType": element.model_type}
    if element.id_short:
        tree["idShort"] = element.id_short
    tree |= _words(source.name, source.text)
    tree["semanticId"] = reference(concepts.id_of(element))
    marks = [ARBITRARY] * source.arbitrary + [DROP_IN] * source.drop_in
    if source.also or marks:
        tree["supplementalSemanticIds"] = [reference(each) for each in (*source.also, *marks)]
    rules = (("Cardinality", element.card), *_rules(source))
    tree["qualifiers"] = [_qualifier(name, value) for name, value in rules]
    return tree | _own(element, concepts)


def _own(element: Element, concepts: Concepts) -> Node:
    """Return what elements of this class have besides."""
    source = element.source
    tree: Node = {}
    if element.model_type == "SubmodelElementList":
        tree |= _list_attributes(element, concepts)
    elif element.value_type:
        tree["valueType"] = element.value_type
    if source.fixed is not None:
        tree["value"] = source.fixed
    if source.content_type is not None:
        tree["contentType"] = source.content_type
    if source.managed is not None:
        kinds = {"self": "SelfManagedEntity", "co": "CoManagedEntity"}
        tree["entityType"] = kinds[source.managed]
    if element.model_type == "BasicEventElement":
        keys = [{"type": "Submodel", "value": INTENTIONALLY_EMPTY}]
        observed = {"type": "ModelReference", "keys": keys}
        tree |= {"observed": observed, "direction": source.direction, "state": "on"}
    if element.children:
        attribute = CHILDREN_ATTRIBUTE[element.model_type]
        tree[attribute] = [_element(child, concepts) for child in element.children]
    for name, variables in element.variables.items():
        if variables:
            tree[name] = [{"value": _element(each, concepts)} for each in variables]
    return tree


def _list_attributes(element: Element, concepts: Concepts) -> Node:
    """Return what a list says of its items (AASd-107 to AASd-109)."""
    items = element.children
    tree: Node = {"orderRelevant": element.source.ordered}
    ids = {concepts.id_of(item) for item in items}
    types = {item.model_type for item in items}
    value_types = {item.value_type for item in items} - {""}
    if not items and element.source.type is not None and element.source.type.startswith(LIST):
        model_type, value_type = class_of(element.source.type.removeprefix(LIST).strip())
        types, value_types = {model_type}, {value_type} - {""}
    if len(ids) == 1:
        tree["semanticIdListElement"] = reference(ids.pop())
    tree["typeValueListElement"] = types.pop() if len(types) == 1 else "SubmodelElement"
    if len(value_types) == 1:
        tree["valueTypeListElement"] = value_types.pop()
    return tree


def _rules(source: ElementSource) -> Iterator[tuple[str, str]]:
    """Yield the rules besides the cardinality, in the order in which they are written."""
    allowed, initial = source.pattern, source.initial
    if source.values:
        allowed = f"^({'|'.join(map(_escaped, source.values))})$"
    if source.fixed is not None:
        allowed, initial = f"^{_escaped(source.fixed)}$", source.fixed
    rules = (
        ("EitherOr", source.either),
        ("AllowedIdShort", source.id_short),
        ("AllowedValue", allowed),
        ("AllowedRange", source.allowed_range),
        ("RequiredLang", "|".join(source.languages)),
        ("InitialValue", initial),
        ("DefaultValue", source.default),
        ("ExampleValue", source.example),
        ("AccessMode", source.access),
    )
    return ((name, value) for name, value in rules if value)


def _escaped(value: str) -> str:
    """Return a value as a pattern for just this text, in POSIX as in any other dialect."""
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", value)


def _words(name: Texts | None, text: Texts | None) -> Node:
    tree: Node = {}
    if name:
        tree["displayName"] = lang_strings(name)
    if text:
        tree["description"] = lang_strings(text)
    return tree


def _qualifier(name: str, value: str) -> Node:
    return {
        "kind": "TemplateQualifier",
        "type": f"SMT/{name}",
        "semanticId": reference(f"{_QUALIFIERS}/{name}/1/0"),
        "valueType": "xs:string",
        "value": value,
    }


def _to_text(value: Any, indent: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) <= _ONE_LINE:
        return line
    inner = indent + _INDENT
    if isinstance(value, dict):
        ends = "{}"
        parts = [f"{json.dumps(key)}: {_to_text(item, inner)}" for key, item in value.items()]
    else:
        ends = "[]"
        parts = [_to_text(item, inner) for item in value]
    lines = ",\n".join(" " * inner + part for part in parts)
    return f"{ends[0]}\n{lines}\n{' ' * indent}{ends[1]}"
