"""ValueOnly in: new values for an element or a whole submodel, checked before anything changes.

IDTA-01001, format Value; IDTA-01002, PATCH of ``$value``. Every function here is pure: the result
shares with the argument whatever did not change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, Final, TypeAlias

from aas_server.errors import BadRequest, Finding, Forbidden, InvalidDocument
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import (
    Node,
    child,
    children,
    position,
    resolve,
    with_changed,
    with_children,
)
from aas_server.metamodel.value_types import is_xml_text, to_json, to_lexical
from aas_server.metamodel.verification import is_lexical, verify, verify_part
from aas_server.metamodel.views import has_value

_Live: TypeAlias = Collection[IdShortPath]
_Patch: TypeAlias = Callable[[Node, IdShortPath, Any, _Live], Node]


def patched(submodel: Node, path: IdShortPath, value: Any, *, live: _Live) -> Node:
    """Return a copy of ``submodel`` with the value of the element at ``path`` set; ``()`` is the
    submodel itself.

    A container takes an object of its children's values, a list an array of at most its length;
    what is not named stays. What the value does not change keeps its lexical text and is not
    checked again, so what ``$value`` showed can always be written back. null stands for no value
    and is taken only inside a list, for an item that has none. Raises ``NotFound`` for a missing
    element, ``BadRequest`` that names the element for a value of the wrong form or type,
    ``Forbidden`` for an element in ``live``: a machine's value is written alone.
    """
    return with_changed(submodel, path, lambda element: _patched(element, path, value, live))


def live_parts(
    submodel: Node, path: IdShortPath, value: Any, *, live: _Live
) -> dict[IdShortPath, Any]:
    """Return the values of the elements in ``live`` that ``value``, in the ValueOnly form of the
    container at ``path``, is made of; nothing when it also names others, or does not fit.
    """
    parts: dict[IdShortPath, Any] = {}
    whole = _only_live(resolve(submodel, path) if path else submodel, path, value, live, parts)
    return parts if whole else {}


def _only_live(
    element: Node, path: IdShortPath, value: Any, live: _Live, parts: dict[IdShortPath, Any]
) -> bool:
    if path in live:
        parts[path] = value
        return True
    if isinstance(value, dict):
        named = list(value.items())
    elif isinstance(value, list) and element.get("modelType") == "SubmodelElementList":
        named = [(index, each) for index, each in enumerate(value) if each is not None]
    else:
        return False
    for segment, each in named:
        found = child(element, segment)
        if found is None or not _only_live(found, (*path, segment), each, live, parts):
            return False
    return True


def with_value(element: Node, value: Any) -> Node:
    """Return a copy of ``element`` with a value in the ValueOnly form; raises as ``patched`` does,
    naming places within the element.
    """
    return _patched(element, (), value, ())


def _patched(element: Node, path: IdShortPath, value: Any, live: _Live) -> Node:
    if path in live:
        raise Forbidden(
            "this element shows a machine's value: write it by itself, with its own $value",
            path=format_id_short_path(path),
        )
    model_type = element.get("modelType", "")
    patch = _PATCHES.get(model_type)
    if patch is None:
        raise _wrong(path, f"a {model_type} has no $value that can be written")
    return patch(element, path, value, live)


def _patch_collection(element: Node, path: IdShortPath, value: Any, live: _Live) -> Node:
    if not isinstance(value, dict):
        raise _wrong(path, f"a {element['modelType']} takes an object of idShorts and values")
    return _with_values(element, path, value, live)


def _with_values(element: Node, path: IdShortPath, values: Node, live: _Live) -> Node:
    if not values:
        return element
    elements = children(element).copy()
    for id_short, value in values.items():
        index = position(element, id_short)
        if index is None:
            raise _wrong((*path, id_short), "there is no such element")
        elements[index] = _patched(elements[index], (*path, id_short), value, live)
    return with_children(element, elements)


def _patch_list(element: Node, path: IdShortPath, value: Any, live: _Live) -> Node:
    items = children(element).copy()
    if not isinstance(value, list) or len(value) > len(items):
        raise _wrong(path, f"this list takes an array of at most {len(items)} values")
    for index, item_value in enumerate(value):
        if item_value is not None or has_value(items[index]):
            items[index] = _patched(items[index], (*path, index), item_value, live)
    return with_children(element, items)


def _patch_property(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    return {**element, "value": _lexical(element, "value", path, value)}


def _patch_range(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    bounds = _members(path, value, "a Range takes an object with min, max or both", ("min", "max"))
    return {
        **element,
        **{bound: _lexical(element, bound, path, given) for bound, given in bounds.items()},
    }


def _patch_multi_language(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    texts = [value] if isinstance(value, dict) else value
    if (
        not isinstance(texts, list)
        or not texts
        or not all(isinstance(each, dict) for each in texts)
    ):
        raise _wrong(path, 'a MultiLanguageProperty takes an array such as [{"en": "text"}]')
    lang_strings = [
        {"language": language, "text": text} for each in texts for language, text in each.items()
    ]
    if len({each["language"] for each in lang_strings}) != len(lang_strings):
        raise _wrong(path, "a language is given twice")
    return _with_members(element, path, {"value": lang_strings})


def _patch_file(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    return _with_members(element, path, _content(path, value))


def _patch_blob(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    return _with_members(element, path, _content(path, value))


def _content(path: IdShortPath, value: Any) -> Node:
    return _members(
        path, value, "takes an object of texts with contentType and value", ("contentType", "value")
    )


def _patch_reference(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    return _with_references(element, path, {"value": value})


def _patch_relationship(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    expected = "a RelationshipElement takes an object with first, second or both"
    return _with_references(element, path, _members(path, value, expected, ("first", "second")))


def _patch_annotated(element: Node, path: IdShortPath, value: Any, live: _Live) -> Node:
    expected = "an AnnotatedRelationshipElement takes an object with first, second and annotations"
    members = _members(path, value, expected, ("first", "second", "annotations"))
    annotations = _annotations(path, members.pop("annotations", {}))
    return _with_references(_with_values(element, path, annotations, live), path, members)


def _annotations(path: IdShortPath, value: Any) -> Node:
    """Return the values by idShort: the schema has one object, the text's examples an array."""
    parts = value if isinstance(value, list) else [value]
    merged: Node = {}
    for part in parts:
        if not isinstance(part, dict) or not merged.keys().isdisjoint(part):
            raise _wrong(path, "annotations must be an object of idShorts and values")
        merged |= part
    return merged


def _patch_entity(element: Node, path: IdShortPath, value: Any, live: _Live) -> Node:
    expected = (
        "an Entity takes an object with statements, entityType, globalAssetId and specificAssetIds"
    )
    names = ("statements", "entityType", "globalAssetId", "specificAssetIds")
    members = _members(path, value, expected, names)
    statements = members.pop("statements", {})
    if not isinstance(statements, dict):
        raise _wrong(path, "statements must be an object of idShorts and values")
    if isinstance(members.get("globalAssetId"), dict):
        members["globalAssetId"] = _identifier_of(path, members["globalAssetId"])
    if isinstance(members.get("specificAssetIds"), list):
        known = element.get("specificAssetIds", ())
        members["specificAssetIds"] = [
            _specific_asset_id(each, known) for each in members["specificAssetIds"]
        ]
    return _with_members(_with_values(element, path, statements, live), path, members)


def _identifier_of(path: IdShortPath, reference: Node) -> str:
    """Return the last key's value: globalAssetId was a Reference in older texts."""
    _require_valid(path, "globalAssetId", verify_part(reference, "Reference"))
    identifier: str = reference["keys"][-1]["value"]
    return identifier


def _specific_asset_id(value: Any, known: Iterable[Node]) -> Any:
    """Return the normal form of ``{name: value}``, the form of Part 2's schemas; others as they
    are.
    """
    if not isinstance(value, dict) or len(value) != 1 or value.keys() <= {"name", "value"}:
        return value
    ((name, text),) = value.items()
    old = next((each for each in known if each.get("name") == name), {"name": name})
    return {**old, "value": text}


def _patch_event(element: Node, path: IdShortPath, value: Any, _live: _Live) -> Node:
    expected = "a BasicEventElement takes an object with observed"
    return _with_references(element, path, _members(path, value, expected, ("observed",)))


def _with_references(element: Node, path: IdShortPath, members: Node) -> Node:
    for name, reference in members.items():
        if name not in element or reference != element[name]:
            _require_valid(path, name, verify_part(reference, "Reference"))
    return {**element, **members}


def _with_members(element: Node, path: IdShortPath, members: Node) -> Node:
    merged = {**element, **members}
    before, after = _value_part(element), _value_part(merged)
    if after != before and (findings := verify(after)):
        known = verify(before)
        _require_valid(path, "", [finding for finding in findings if finding not in known])
    return merged


def _value_part(element: Node) -> Node:
    """Return what a value may change of a leaf or an Entity, as an element of its own."""
    names = ("modelType", *_VALUE_MEMBERS[element["modelType"]])
    return {name: element[name] for name in names if name in element}


def _require_valid(path: IdShortPath, name: str, findings: list[Finding]) -> None:
    errors = [each for each in findings if each.is_error]
    if errors:
        place = format_id_short_path(path)
        raise InvalidDocument(
            [
                replace(each, path=".".join(part for part in (place, name, each.path) if part))
                for each in errors
            ]
        )


def _members(path: IdShortPath, value: Any, expected: str, names: tuple[str, ...]) -> Node:
    """Return a copy of ``value``; raises ``BadRequest`` for anything but some of ``names``."""
    if not isinstance(value, dict) or not value or not value.keys() <= set(names):
        raise _wrong(path, expected)
    return dict(value)


def _lexical(element: Node, attribute: str, path: IdShortPath, value: Any) -> str:
    value_type = element.get("valueType", "xs:string")
    current = element.get(attribute)
    if isinstance(value, str) and value == current:
        return value
    try:
        lexical = to_lexical(value_type, value)
        if current is not None and _shows(value_type, current, value):
            return str(current)
        if isinstance(value, str):
            _require_lexical(value_type, value)
    except ValueError as error:
        raise _wrong(path, str(error)) from error
    return lexical


def _require_lexical(value_type: str, text: str) -> None:
    if not is_xml_text(text):
        raise ValueError("holds a character that XML 1.0 does not have (AASd-130)")
    if not is_lexical(value_type, text):
        raise ValueError(f"{text[:100]!r} is no {value_type}")


def _shows(value_type: str, current: str, value: Any) -> bool:
    """Whether ``$value`` shows the lexical text ``current`` as ``value``."""
    try:
        shown = to_json(value_type, current)
        return type(shown) is type(value) and to_lexical(value_type, shown) == to_lexical(
            value_type, value
        )
    except ValueError:
        return False


def _wrong(path: IdShortPath, text: str) -> BadRequest:
    return BadRequest(text, path=format_id_short_path(path) or None)


_VALUE_MEMBERS: Final = {
    "MultiLanguageProperty": ("value",),
    "File": ("contentType", "value"),
    "Blob": ("contentType", "value"),
    "Entity": ("entityType", "globalAssetId", "specificAssetIds"),
}
_PATCHES: Final[dict[str, _Patch]] = {
    "Submodel": _patch_collection,
    "Property": _patch_property,
    "MultiLanguageProperty": _patch_multi_language,
    "Range": _patch_range,
    "File": _patch_file,
    "Blob": _patch_blob,
    "ReferenceElement": _patch_reference,
    "RelationshipElement": _patch_relationship,
    "AnnotatedRelationshipElement": _patch_annotated,
    "Entity": _patch_entity,
    "BasicEventElement": _patch_event,
    "SubmodelElementCollection": _patch_collection,
    "SubmodelElementList": _patch_list,
}
