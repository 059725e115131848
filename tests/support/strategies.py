"""Hypothesis strategies over the whole metamodel 3.1: every document they make is valid.

Documents are JSON-like dictionaries in the normal form. They vary in what implementations lose:
lexical forms of values, languages, optional members, nesting, lists with more than ten items.
"""

from __future__ import annotations

import base64

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.strategy_parts import (
    INSTANTS,
    LEXICAL,
    Node,
    content_types,
    durations,
    element_references,
    embedded_data_specifications,
    extensions,
    external_references,
    id_shorts,
    identifiers,
    lang_strings,
    paths,
    qualifiers,
    records,
    references,
    references_to,
    texts,
    typed_values,
)

_referable: Node = {
    "category": texts,
    "displayName": lang_strings(),
    "description": lang_strings(),
    "extensions": extensions,
}
_administration = records(
    {},
    {
        "version": st.sampled_from(["1", "0", "12"]),
        "creator": external_references,
        "templateId": identifiers,
        "createdAt": st.sampled_from(INSTANTS),
        "updatedAt": st.sampled_from(INSTANTS),
    },
)
_identifiable: Node = {**_referable, "idShort": id_shorts, "administration": _administration}
_semantic: Node = {"semanticId": references}
_element: Node = {
    **_referable,
    **_semantic,
    "qualifiers": qualifiers,
    "embeddedDataSpecifications": embedded_data_specifications,
}


def _supplemented(node: Node) -> Node:
    """Some elements with a semanticId also get a supplemental one (AASd-118)."""
    if "semanticId" in node and len(str(node)) % 2:
        return {**node, "supplementalSemanticIds": [node["semanticId"]]}
    return node


specific_asset_ids = st.lists(
    records(
        {"name": id_shorts.filter(lambda name: name.lower() != "globalassetid"), "value": texts},
        {"externalSubjectId": external_references, "semanticId": references},
    ),
    min_size=1,
    max_size=3,
)


def _leaf(model_type: str, required: Node, optional: Node) -> SearchStrategy[Node]:
    return records({"modelType": st.just(model_type), **required}, {**_element, **optional}).map(
        _supplemented
    )


def _with_typed(model_type: str, optional: Node, *names: str) -> SearchStrategy[Node]:
    return st.builds(
        lambda base, typed: base | typed, _leaf(model_type, {}, optional), typed_values(*names)
    )


_base64_texts = st.binary(min_size=1, max_size=12).map(lambda data: base64.b64encode(data).decode())
DATA_ELEMENTS: dict[str, SearchStrategy[Node]] = {
    "Property": _with_typed("Property", {"valueId": external_references}, "value"),
    "Range": _with_typed("Range", {}, "min", "max"),
    "MultiLanguageProperty": _leaf(
        "MultiLanguageProperty", {}, {"value": lang_strings(), "valueId": external_references}
    ),
    "File": _leaf("File", {}, {"value": paths, "contentType": content_types}),
    "Blob": _leaf("Blob", {}, {"value": _base64_texts, "contentType": content_types}),
    "ReferenceElement": _leaf("ReferenceElement", {}, {"value": references}),
}
"""A strategy for each type of DataElement; without idShort."""

_related: Node = {"first": references, "second": references}


@st.composite
def _events(draw: st.DrawFn) -> Node:
    node = draw(
        _leaf(
            "BasicEventElement",
            {
                "observed": element_references,
                "direction": st.sampled_from(["input", "output"]),
                "state": st.sampled_from(["on", "off"]),
            },
            {
                "messageTopic": texts,
                "messageBroker": element_references,
                "lastUpdate": st.sampled_from(INSTANTS),
                "minInterval": durations,
                "maxInterval": durations,
            },
        )
    )
    if node["direction"] == "input":
        node.pop("maxInterval", None)
    return node


def named(elements: SearchStrategy[Node], *, most: int = 4) -> SearchStrategy[list[Node]]:
    """Elements with idShorts that are unique among them."""

    @st.composite
    def children(draw: st.DrawFn) -> list[Node]:
        found = draw(st.lists(elements, min_size=1, max_size=most))
        names = draw(st.lists(id_shorts, min_size=len(found), max_size=len(found), unique=True))
        return [node | {"idShort": name} for node, name in zip(found, names, strict=True)]

    return children()


_data_elements = st.sampled_from(sorted(DATA_ELEMENTS)).flatmap(DATA_ELEMENTS.__getitem__)


@st.composite
def _operations(draw: st.DrawFn) -> Node:
    variables = draw(named(_data_elements))
    node = draw(_leaf("Operation", {}, {}))
    for index, variable in enumerate(variables):
        name = ("inputVariables", "outputVariables", "inoutputVariables")[index % 3]
        node.setdefault(name, []).append({"value": variable})
    return node


_LEAVES: dict[str, SearchStrategy[Node]] = {
    **DATA_ELEMENTS,
    "RelationshipElement": _leaf("RelationshipElement", {}, _related),
    "AnnotatedRelationshipElement": _leaf(
        "AnnotatedRelationshipElement", {}, {**_related, "annotations": named(_data_elements)}
    ),
    "BasicEventElement": _events(),
    "Capability": _leaf("Capability", {}, {}),
    "Operation": _operations(),
}


@st.composite
def _lists(draw: st.DrawFn, depth: int) -> Node:
    """A list of up to thirteen items of one type, some with a semanticId that all of them share."""
    first = draw(elements_of(depth))
    model_type = first["modelType"]
    more = draw(st.lists(st.fixed_dictionaries({}, optional={"category": texts}), max_size=12))
    items = [first, *(first | other for other in more)]
    node = draw(_leaf("SubmodelElementList", {"typeValueListElement": st.just(model_type)}, {}))
    node["orderRelevant"] = draw(st.booleans())
    if model_type in ("Property", "Range"):
        node["valueTypeListElement"] = first["valueType"]
        lexical = LEXICAL[first["valueType"]]
        items = [_revalued(item, draw(lexical)) for item in items]
    if "semanticId" in first and draw(st.booleans()):
        node["semanticIdListElement"] = first["semanticId"]
    return node | {"value": items} if draw(st.integers(0, 9)) else node


def _revalued(item: Node, lexical: str) -> Node:
    return {name: lexical if name in ("value", "min", "max") else old for name, old in item.items()}


_leaves = st.sampled_from(sorted(_LEAVES)).flatmap(_LEAVES.__getitem__)


@st.composite
def elements_of(draw: st.DrawFn, depth: int) -> Node:
    """A submodel element with at most ``depth`` levels of containers; without idShort."""
    if depth == 0 or draw(st.booleans()):
        return draw(_leaves)
    container = draw(
        st.sampled_from(["SubmodelElementCollection", "SubmodelElementList", "Entity"])
    )
    if container == "SubmodelElementList":
        return draw(_lists(depth - 1))
    children: Node = {"statements": named(elements_of(depth - 1))}
    if container == "SubmodelElementCollection":
        return draw(_leaf(container, {}, {"value": children["statements"]}))
    if draw(st.booleans()):
        children["entityType"] = st.just("CoManagedEntity")
        return draw(_leaf(container, {}, children))
    managed: Node = {"entityType": st.just("SelfManagedEntity"), "globalAssetId": identifiers}
    return draw(_leaf(container, managed, {**children, "specificAssetIds": specific_asset_ids}))


elements: SearchStrategy[Node] = elements_of(3)
"""Submodel elements of all fourteen types, nested; without idShort."""

submodels: SearchStrategy[Node] = records(
    {"modelType": st.just("Submodel"), "id": identifiers, "submodelElements": named(elements)},
    {
        **_identifiable,
        **_semantic,
        "kind": st.sampled_from(["Instance", "Template"]),
        "qualifiers": qualifiers,
        "embeddedDataSpecifications": embedded_data_specifications,
    },
).map(_supplemented)
"""Submodels with at least one element."""

asset_information: SearchStrategy[Node] = records(
    {
        "assetKind": st.sampled_from(["Type", "Instance", "Role", "NotApplicable"]),
        "globalAssetId": identifiers,
    },
    {
        "specificAssetIds": specific_asset_ids,
        "assetType": identifiers,
        "defaultThumbnail": st.fixed_dictionaries(
            {"path": paths}, optional={"contentType": content_types}
        ),
    },
)
shells: SearchStrategy[Node] = records(
    {
        "modelType": st.just("AssetAdministrationShell"),
        "id": identifiers,
        "assetInformation": asset_information,
    },
    {
        **_identifiable,
        "derivedFrom": references_to("AssetAdministrationShell"),
        "submodels": st.lists(references_to("Submodel"), min_size=1, max_size=3),
        "embeddedDataSpecifications": embedded_data_specifications,
    },
)
"""Asset Administration Shells."""

concept_descriptions: SearchStrategy[Node] = records(
    {"modelType": st.just("ConceptDescription"), "id": identifiers},
    {
        **_identifiable,
        "isCaseOf": st.lists(references, min_size=1, max_size=2),
        "embeddedDataSpecifications": embedded_data_specifications,
    },
)
"""ConceptDescriptions."""

identifiables: SearchStrategy[Node] = shells | submodels | concept_descriptions
"""Whole documents of all three kinds."""
