"""Random documents and random conditions about them, so that some of both have to do with each
other.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.query.asked import collection, listed, prop, submodel

NAMES = ("Temp", "Speed", "State")
CONCEPTS = ("urn:c:temperature", "urn:c:speed")
VALUES = (
    "17", "17.0", "-3", "1e3", "INF", "NaN", " 5 ", "abc", "Mill", "", "true", "1",
    "2026-11-30", "2026-11-30T12:00:00Z", "2026-11-30T13:00:00+01:00", "06:30:00", "FF",
    "x" * 40, "x" * 40 + "y",
)  # fmt: skip
SUBMODELS = ("A", "B", "C")
SHELLS = ("One", "Two")


def _elements() -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(NAMES)
    values = st.none() | st.sampled_from(VALUES)
    concepts = st.none() | st.sampled_from(CONCEPTS)
    properties = st.builds(prop, names, values, concepts)
    items = st.builds(prop, st.none(), values, concepts)
    texts = st.builds(
        lambda name, pairs: {
            "modelType": "MultiLanguageProperty",
            "idShort": name,
            "value": [{"language": language, "text": text} for language, text in pairs],
        },
        names,
        st.lists(st.tuples(st.sampled_from(["de", "en"]), st.sampled_from(VALUES)), max_size=2),
    )
    return st.recursive(
        properties | texts,
        lambda below: (
            st.builds(
                lambda name, children: collection(name, *children),
                names,
                st.lists(below, max_size=3),
            )
            | st.builds(
                lambda name, children: listed(name, *children), names, st.lists(items, max_size=3)
            )
        ),
        max_leaves=6,
    )


@st.composite
def plants(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Some shells and some submodels, which the shells refer to as it comes."""
    found = [
        submodel(
            name,
            *draw(st.lists(_elements(), min_size=1, max_size=4)),
            concept=draw(_maybe(CONCEPTS)),
        )
        for name in draw(st.lists(st.sampled_from(SUBMODELS), unique=True, min_size=1))
    ]
    shells = [
        {
            "modelType": "AssetAdministrationShell",
            "id": f"urn:shell:{name}",
            "idShort": name,
            "assetInformation": {
                "assetKind": "Instance",
                "specificAssetIds": [
                    {"name": key, "value": value}
                    for key, value in draw(
                        st.lists(
                            st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES[:4])),
                            max_size=2,
                        )
                    )
                ],
            },
            "submodels": [
                {
                    "type": "ModelReference",
                    "keys": [{"type": "Submodel", "value": f"urn:sm:{each}"}],
                }
                for each in draw(st.lists(st.sampled_from(SUBMODELS), unique=True))
            ],
        }
        for name in draw(st.lists(st.sampled_from(SHELLS), unique=True))
    ]
    return shells, found


def _maybe(texts: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(texts)


FIELDS = (
    "$aas#idShort", "$aas#id", "$aas#assetInformation.assetType", "$aas#submodels",
    "$aas#assetInformation.specificAssetIds[].value",
    "$aas#assetInformation.specificAssetIds[0].name",
    "$sm#idShort", "$sm#id", "$sm#semanticId", "$sm#semanticId.keys[].type",
    "$sme#value", "$sme#idShort", "$sme#semanticId", "$sme#language", "$sme#valueType",
    "$sme.Temp#value", "$sme.Speed#value", "$sme.Temp.Speed#value", "$sme.State[]#value",
    "$sme.State[0]#value", "$sme.Temp#semanticId", "$cd#id",
)  # fmt: skip
fields = st.sampled_from(FIELDS).map(lambda text: {"$field": text})
texts = st.sampled_from(
    (*VALUES, *NAMES, *CONCEPTS, *SUBMODELS, *SHELLS, "urn:sm:A", "urn:shell:One", "de")
).map(lambda text: {"$strVal": text})
constants = (
    texts
    | st.sampled_from((17, 17.5, -3, 0, 1000, 5)).map(lambda value: {"$numVal": value})
    | st.sampled_from(("2026-11-30T12:00:00Z", "2026-11-29T00:00:00Z")).map(
        lambda value: {"$dateTimeVal": value}
    )
    | st.just({"$timeVal": "07:00"})
    | st.just({"$hexVal": "16#FF"})
    | st.booleans().map(lambda value: {"$boolean": value})
)
CASTS = (
    "$strCast",
    "$numCast",
    "$hexCast",
    "$boolCast",
    "$dateTimeCast",
    "$timeCast",
    "$year",
    "$dayOfWeek",
)
operands = (
    fields
    | fields
    | constants
    | st.builds(lambda key, value: {key: value}, st.sampled_from(CASTS), fields | constants)
)
textual = fields | texts | st.builds(lambda value: {"$strCast": value}, fields)
likely = st.builds(
    lambda key, name, value: {key: [{"$field": f"$sme.{name}#value"}, value]},
    st.sampled_from(("$eq", "$ne", "$gt", "$ge", "$lt", "$le")),
    st.sampled_from(NAMES),
    constants,
) | st.builds(
    lambda key, field, value: {key: [field, value]},
    st.sampled_from(("$eq", "$ne", "$starts-with", "$contains", "$lt")),
    fields,
    texts,
)
comparisons = st.builds(
    lambda key, left, right: {key: [left, right]},
    st.sampled_from(("$eq", "$eq", "$eq", "$ne", "$gt", "$ge", "$lt", "$le")),
    operands,
    constants | operands,
) | st.builds(
    lambda key, left, right: {key: [left, right]},
    st.sampled_from(("$contains", "$starts-with", "$ends-with", "$regex")),
    textual,
    textual,
)
_named = st.sampled_from(CONCEPTS).map(
    lambda concept: {"$eq": [{"$field": "$sme#semanticId"}, {"$strVal": concept}]}
) | st.sampled_from(NAMES).map(
    lambda name: {"$eq": [{"$field": "$sme#idShort"}, {"$strVal": name}]}
)
_valued = st.builds(
    lambda key, value: {key: [{"$field": "$sme#value"}, value]},
    st.sampled_from(("$eq", "$gt", "$le", "$ne")),
    constants,
)
matches = st.builds(lambda one, other: {"$match": [one, other]}, _named, _valued)
some = likely | likely | likely | comparisons | matches
conditions = (
    some
    | some
    | st.recursive(
        some | st.booleans().map(lambda value: {"$boolean": value}),
        lambda below: (
            st.builds(
                lambda key, parts: {key: parts},
                st.sampled_from(("$and", "$or")),
                st.lists(below, min_size=2, max_size=3),
            )
            | below.map(lambda each: {"$not": each})
        ),
        max_leaves=5,
    )
)
