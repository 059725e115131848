"""ValueOnly in: a new value for one element of a decoded submodel, checked before anything
changes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection
from typing import Any, Final

from aas_server.errors import BadRequest, Forbidden
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, child, resolve
from aas_server.metamodel.value_types import to_lexical


def patched(
    submodel: Node, path: IdShortPath, value: Any, *, live: Collection[IdShortPath]
) -> Node:
    """Return ``submodel`` with the value of the element at ``path`` set; the argument may be
    changed.

    A collection takes an object of its children's values, a list an array of at most its length;
    what is not named stays. Raises ``NotFound`` for a missing element, ``BadRequest`` that names
    the element for a value of the wrong form or type, ``Forbidden`` for an element in ``live``: a
    machine's value is written alone.
    """
    element = resolve(submodel, path)
    _patch(element, path, value, live)
    return submodel


def _patch(element: Node, path: IdShortPath, value: Any, live: Collection[IdShortPath]) -> None:
    if path in live:
        raise Forbidden(
            "this element shows a machine's value: write it by itself, with its own $value",
            path=format_id_short_path(path),
        )
    model_type = element.get("modelType", "")
    if model_type == "SubmodelElementCollection":
        _patch_children(element, path, value, live)
    elif model_type == "SubmodelElementList":
        _patch_items(element, path, value, live)
    elif (patch_leaf := _LEAVES.get(model_type)) is not None:
        patch_leaf(element, path, value)
    else:
        raise _wrong(path, f"a {model_type} has no $value that can be written")


def _patch_children(
    element: Node, path: IdShortPath, value: Any, live: Collection[IdShortPath]
) -> None:
    if not isinstance(value, dict):
        raise _wrong(path, "a SubmodelElementCollection takes an object of idShorts and values")
    for id_short, child_value in value.items():
        target = child(element, id_short)
        if target is None:
            raise _wrong((*path, id_short), "there is no such element")
        _patch(target, (*path, id_short), child_value, live)


def _patch_items(
    element: Node, path: IdShortPath, value: Any, live: Collection[IdShortPath]
) -> None:
    items = element.get("value") or []
    if not isinstance(value, list) or len(value) > len(items):
        raise _wrong(path, f"this list takes an array of at most {len(items)} values")
    for index, item_value in enumerate(value):
        _patch(items[index], (*path, index), item_value, live)


def _patch_property(element: Node, path: IdShortPath, value: Any) -> None:
    element["value"] = _lexical(element, path, value)


def _patch_range(element: Node, path: IdShortPath, value: Any) -> None:
    if not isinstance(value, dict) or not value or not value.keys() <= {"min", "max"}:
        raise _wrong(path, "a Range takes an object with min, max or both")
    element.update({bound: _lexical(element, path, text) for bound, text in value.items()})


def _patch_multi_language(element: Node, path: IdShortPath, value: Any) -> None:
    texts = [value] if isinstance(value, dict) else value
    if not isinstance(texts, list) or not texts:
        raise _wrong(path, 'a MultiLanguageProperty takes an array such as [{"en": "text"}]')
    normal: list[dict[str, str]] = []
    for entry in texts:
        if not isinstance(entry, dict) or not all(isinstance(text, str) for text in entry.values()):
            raise _wrong(path, "every entry must be an object of language and text")
        normal += [{"language": language, "text": text} for language, text in entry.items()]
    if len({text["language"] for text in normal}) != len(normal):
        raise _wrong(path, "a language is given twice")
    element["value"] = normal


def _patch_file(element: Node, path: IdShortPath, value: Any) -> None:
    _take_texts(element, path, value, {"contentType", "value"})


def _patch_blob(element: Node, path: IdShortPath, value: Any) -> None:
    if isinstance(value, dict) and isinstance(value.get("value"), str):
        try:
            base64.b64decode(value["value"], validate=True)
        except binascii.Error as error:
            raise _wrong(path, "the value of a Blob must be base64") from error
    _take_texts(element, path, value, {"contentType", "value"})


def _take_texts(element: Node, path: IdShortPath, value: Any, names: set[str]) -> None:
    if (
        not isinstance(value, dict)
        or not value
        or not value.keys() <= names
        or not all(isinstance(text, str) for text in value.values())
    ):
        raise _wrong(path, f"takes an object of texts with {' and '.join(sorted(names))}")
    element.update(value)


def _lexical(element: Node, path: IdShortPath, value: Any) -> str:
    value_type = element.get("valueType", "xs:string")
    try:
        return to_lexical(value_type, value)
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: IdShortPath, text: str) -> BadRequest:
    return BadRequest(text, path=format_id_short_path(path))


_LEAVES: Final[dict[str, Callable[[Node, IdShortPath, Any], None]]] = {
    "Property": _patch_property,
    "Range": _patch_range,
    "MultiLanguageProperty": _patch_multi_language,
    "File": _patch_file,
    "Blob": _patch_blob,
}
