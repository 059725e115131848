"""Submodel elements of 2.0: every type of them, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from aas_server.errors import BadRequest
from aas_server.metamodel.structure import DATA_ELEMENT_TYPES, MAX_NESTING
from aas_server.metamodel.tree import Node
from aas_server.packages.v2.changes import Source, shown
from aas_server.packages.v2.members import (
    data_specifications,
    model_type,
    present,
    qualifiers,
    referable,
    semantics,
)
from aas_server.packages.v2.references import last_value, reference
from aas_server.packages.v2.values import (
    content_type,
    file_path,
    lang_strings,
    typed_values,
)

_Convert: TypeAlias = Callable[[Source], Node | None]

_OPERATION: Final = {
    "inputVariables": ("inputVariable", "inputVariables", "in"),
    "outputVariables": ("outputVariable", "outputVariables", "out"),
    "inoutputVariables": ("inoutputVariable", "inoutputVariables", "inout"),
}


def elements(source: Source, *names: str, only_data: bool = False) -> list[Node]:
    """Take the elements in an array: each of its own name, as idShorts in one place must be."""
    found: list[Node] = []
    taken: dict[str, int] = {}
    for each in source.objects(*names):
        element = _element(each, only_data=only_data)
        if element is not None:
            _name_apart(each, element, taken)
            found.append(element)
    return found


def _element(source: Source, *, only_data: bool = False) -> Node | None:
    kind = model_type(source)
    kind = _RENAMED.get(kind, kind) if kind else None
    convert = _CONVERSIONS.get(kind) if kind else None
    if convert is None or kind is None or (only_data and kind not in DATA_ELEMENT_TYPES):
        place = "here" if convert else "in metamodel 3.1"
        text = f"is a {kind or 'thing'}, which has no place {place}, and was left out"
        source.note("", text, is_loss=True)
        return None
    if sum(isinstance(segment, int) for segment in source.path) > MAX_NESTING:
        raise BadRequest("is nested too deep", path=source.place())
    _drop_kind(source)
    common = {
        "modelType": kind,
        **(named := referable(source)),
        **semantics(source),
        **qualifiers(source),
        **data_specifications(source, named.get("idShort")),
    }
    own = convert(source)
    if own is None:
        return None
    source.finish()
    return common | own


def _drop_kind(source: Source) -> None:
    if source.word("kind") is not None:
        source.changes.count("kind of submodel elements was left out: that of the submodel counts")


def _name_apart(source: Source, element: Node, taken: dict[str, int]) -> None:
    """Give ``element`` an idShort that no other one beside it has.

    ``taken`` is how often each was wanted: who comes for the thousandth time begins there.
    """
    wanted = element.get("idShort")
    stem = name = wanted or f"Unnamed{element['modelType']}"
    number = taken.get(stem, 0)
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    taken[stem] = max(number, 1)
    taken.setdefault(name, 1)
    if name != wanted:
        element["idShort"] = name
        reason = "is not there" if wanted is None else f"{shown(wanted)} is there before"
        source.note("idShort", f"{reason}: became {shown(name)}")


def _property(source: Source) -> Node:
    typed = typed_values(source, "value")
    return typed | present(valueId=reference(source.object("valueId")))


def _multi_language_property(source: Source) -> Node:
    return present(value=lang_strings(source, "value"), valueId=reference(source.object("valueId")))


def _range(source: Source) -> Node:
    return typed_values(source, "min", "max")


def _blob(source: Source) -> Node:
    value = source.text("value")
    return present(
        value="".join(value.split()) if value is not None else None,
        contentType=content_type(source),
    )


def _file(source: Source) -> Node:
    return present(value=file_path(source), contentType=content_type(source))


def _reference_element(source: Source) -> Node:
    return present(value=reference(source.object("value")))


def _relationship(source: Source) -> Node:
    return present(
        first=reference(source.object("first")), second=reference(source.object("second"))
    )


def _annotated_relationship(source: Source) -> Node:
    annotations = elements(source, "annotations", "annotation", only_data=True)
    return _relationship(source) | present(annotations=annotations)


def _capability(_: Source) -> Node:
    return {}


def _entity(source: Source) -> Node:
    kind = source.word("entityType")
    asset = last_value(reference(source.object("asset", "assetRef")))
    fitting = "CoManagedEntity" if asset is None else "SelfManagedEntity"
    if kind != fitting:
        reason = "names no asset" if asset is None else "names an asset"
        source.note("entityType", f"{shown(kind)} became {fitting}, for the entity {reason}")
    return present(
        statements=elements(source, "statements"), entityType=fitting, globalAssetId=asset
    )


def _operation(source: Source) -> Node:
    found: Node = {}
    taken: dict[str, int] = {}
    for name, names in _OPERATION.items():
        variables: list[Node] = []
        for each in source.objects(*names):
            each.take("modelType")
            value = each.object("value")
            element = _element(value) if value is not None else None
            each.finish()
            if value is not None and element is not None:
                _name_apart(value, element, taken)
                variables.append({"value": element})
        found[name] = variables
    return present(**found)


def _collection(source: Source) -> Node:
    is_ordered, has_duplicates = source.word("ordered"), source.word("allowDuplicates")
    value = elements(source, "value")
    if is_ordered in _TRUE:
        source.note("ordered", "has no place in metamodel 3.1: elements stay in their order")
    if has_duplicates in _TRUE:
        source.note("allowDuplicates", "has no place in metamodel 3.1: all elements are kept")
    return present(value=value)


def _basic_event(source: Source) -> Node | None:
    observed = reference(source.object("observed"))
    if observed is None or observed["type"] != "ModelReference":
        text = "is a BasicEvent that observes nothing of a model, and was left out"
        source.note("", text, is_loss=True)
        return None
    source.note("", "says no direction and no state: became output and on")
    return {"observed": observed, "direction": "output", "state": "on"}


_TRUE: Final = ("true", "1")
_RENAMED: Final = {"BasicEvent": "BasicEventElement"}
_CONVERSIONS: Final[Mapping[str, _Convert]] = {
    "AnnotatedRelationshipElement": _annotated_relationship,
    "BasicEventElement": _basic_event,
    "Blob": _blob,
    "Capability": _capability,
    "Entity": _entity,
    "File": _file,
    "MultiLanguageProperty": _multi_language_property,
    "Operation": _operation,
    "Property": _property,
    "Range": _range,
    "ReferenceElement": _reference_element,
    "RelationshipElement": _relationship,
    "SubmodelElementCollection": _collection,
}
