"""Hypothesis strategies for the parts of documents: texts, values of all types, references,
qualifiers, extensions, data specifications.
"""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Node = dict[str, Any]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_TEXT = st.characters(
    blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"
) | st.sampled_from('\t\n\r"\\{}[]<>&é漢😀')

texts = st.text(_TEXT, min_size=1, max_size=20)
"""Any text that XML 1.0 can carry, at least one character."""

identifiers = st.builds(
    "{}{}".format, st.sampled_from(["urn:example:", "https://example.com/ids/", "0173-1#"]), texts
)
id_shorts = st.builds(
    "{}{}{}".format,
    st.sampled_from(_LETTERS),
    st.text(_LETTERS + _DIGITS + "_-", max_size=6),
    st.sampled_from(_LETTERS + _DIGITS + "_"),
)
languages = st.sampled_from(["en", "de", "fr", "en-GB", "zh-Hans-CN", "de-1996", "x-klingon"])
content_types = st.sampled_from(["application/pdf", "text/plain; charset=utf-8", "image/svg+xml"])
paths = st.sampled_from(["/aasx/files/manual.pdf", "file:///a/b.txt", "https://example.com/a?b=c"])
durations = st.sampled_from(["PT1S", "P1DT2H", "-P1Y2M3DT4H5M6.789S", "PT0.10S"])
INSTANTS = ("2026-01-01T00:00:00Z", "1999-12-31T24:00:00Z", "-0044-03-15T12:00:00.500Z")

LEXICAL: dict[str, SearchStrategy[str]] = {
    "xs:boolean": st.sampled_from(["true", "false", "1", "0"]),
    "xs:string": st.text(_TEXT, max_size=20),
    "xs:anyURI": st.sampled_from(["https://example.com/%20", "urn:a:b", "../relative#part"]),
    "xs:date": st.sampled_from(["2024-02-29", "2026-01-01Z", "-0001-01-01+14:00"]),
    "xs:dateTime": st.sampled_from(
        [*INSTANTS, "2026-01-01T00:00:00", "2026-01-01T01:02:03.4-05:00"]
    ),
    "xs:time": st.sampled_from(["00:00:00", "23:59:59.999", "12:00:00Z", "24:00:00"]),
    "xs:duration": durations,
    "xs:gYear": st.sampled_from(["2026", "-0044", "12026Z"]),
    "xs:gYearMonth": st.sampled_from(["2026-12", "2026-01+01:00"]),
    "xs:gMonth": st.sampled_from(["--12", "--01Z"]),
    "xs:gMonthDay": st.sampled_from(["--02-29", "--12-31Z"]),
    "xs:gDay": st.sampled_from(["---31", "---01Z"]),
    "xs:hexBinary": st.sampled_from(["", "0aFF", "DEADBEEF"]),
    "xs:base64Binary": st.binary(max_size=9).map(lambda data: base64.b64encode(data).decode()),
    "xs:decimal": st.sampled_from(["1.50", "-0.0", "+007", ".5", "100000000000000000000.1"]),
    "xs:double": st.sampled_from(["1.50", "INF", "-INF", "NaN", "1E3", "-0", "4.9e-324"]),
    "xs:float": st.sampled_from(["1.50", "INF", "-INF", "NaN", "1e3", "+.5", "16777217"]),
    "xs:integer": st.integers().map(str) | st.sampled_from(["+007", "-0", "9" * 40]),
    "xs:long": st.integers(-(2**63), 2**63 - 1).map(str),
    "xs:int": st.integers(-(2**31), 2**31 - 1).map(str) | st.just("007"),
    "xs:short": st.integers(-(2**15), 2**15 - 1).map(str),
    "xs:byte": st.integers(-128, 127).map(str),
    "xs:nonNegativeInteger": st.integers(0, 2**70).map(str),
    "xs:positiveInteger": st.integers(1, 2**70).map(str),
    "xs:nonPositiveInteger": st.integers(-(2**70), 0).map(str),
    "xs:negativeInteger": st.integers(-(2**70), -1).map(str),
    "xs:unsignedLong": st.integers(0, 2**64 - 1).map(str),
    "xs:unsignedInt": st.integers(0, 2**32 - 1).map(str),
    "xs:unsignedShort": st.integers(0, 2**16 - 1).map(str),
    "xs:unsignedByte": st.integers(0, 255).map(str),
}
"""Valid lexical texts of every value type, among them those that a round trip tends to change."""

value_types = st.sampled_from(sorted(LEXICAL))


def records(required: Node, optional: Node) -> SearchStrategy[Node]:
    """An object with all ``required`` members and some of the ``optional`` ones."""

    # A function of no arguments has a short repr: those of nested strategies grow without bounds.
    @st.composite
    def record(draw: st.DrawFn) -> Node:
        made = {name: draw(strategy) for name, strategy in required.items()}
        for name in draw(st.lists(st.sampled_from(sorted(optional)), unique=True, max_size=4)):
            made[name] = draw(optional[name])
        return made

    return record()


def lang_strings(text: SearchStrategy[str] = texts) -> SearchStrategy[list[Node]]:
    """Texts in one or more languages, each language once."""
    one = st.fixed_dictionaries({"language": languages, "text": text})
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda each: each["language"])


def _key(key_type: str, value: SearchStrategy[str] = identifiers) -> SearchStrategy[Node]:
    return st.fixed_dictionaries({"type": st.just(key_type), "value": value})


def _keys(*keys: SearchStrategy[Node]) -> SearchStrategy[list[Node]]:
    return st.tuples(*keys).map(list)


_external_keys = _keys(_key("GlobalReference")) | _keys(
    _key("GlobalReference"), _key("FragmentReference", texts)
)
_index = st.integers(0, 12).map(str)
_list_keys = (
    _key("Submodel"),
    _key("SubmodelElementList", id_shorts),
    _key("SubmodelElementCollection", _index),
    _key("File", id_shorts),
)
_element_keys = _keys(_key("Submodel"), _key("Property", id_shorts)) | _keys(*_list_keys)
_fragment_keys = _keys(*_list_keys, _key("FragmentReference", texts))
external_references = st.fixed_dictionaries(
    {"type": st.just("ExternalReference"), "keys": _external_keys}
)
element_references = st.fixed_dictionaries(
    {"type": st.just("ModelReference"), "keys": _element_keys}
)


def references_to(key_type: str) -> SearchStrategy[Node]:
    """ModelReferences to an identifiable of this type, some with what it refers to semantically."""
    return st.fixed_dictionaries(
        {"type": st.just("ModelReference"), "keys": _keys(_key(key_type))},
        optional={"referredSemanticId": external_references},
    )


_fragment_references = st.fixed_dictionaries(
    {"type": st.just("ModelReference"), "keys": _fragment_keys}
)
references = (
    external_references | element_references | _fragment_references | references_to("Submodel")
)
"""ExternalReferences and ModelReferences."""


@st.composite
def typed_values(draw: st.DrawFn, *names: str) -> Node:
    """A ``valueType`` and some of the members ``names`` with texts of that type."""
    value_type = draw(value_types)
    return {"valueType": value_type} | {
        name: draw(LEXICAL[value_type]) for name in names if draw(st.booleans())
    }


extensions = st.lists(
    st.builds(
        lambda base, typed: base | typed,
        records(
            {"name": id_shorts},
            {"refersTo": st.lists(references_to("Submodel"), min_size=1, max_size=2)},
        ),
        typed_values("value"),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda each: each["name"],
)
qualifiers = st.lists(
    st.builds(
        lambda base, typed: base | typed,
        records(
            {"type": id_shorts},
            {
                "kind": st.sampled_from(["ConceptQualifier", "ValueQualifier"]),
                "valueId": external_references,
                "semanticId": references,
            },
        ),
        typed_values("value"),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda each: each["type"],
)

_english = lang_strings(st.text(_TEXT, min_size=1, max_size=18)).map(
    lambda found: [{"language": "en", "text": "x"}, *(t for t in found if t["language"] != "en")]
)
_iec61360_optional: Node = {
    "shortName": lang_strings(st.text(_TEXT, min_size=1, max_size=18)),
    "unit": texts,
    "unitId": external_references,
    "sourceOfDefinition": texts,
    "symbol": texts,
    "dataType": st.sampled_from(["STRING", "DATE", "IRDI", "BOOLEAN"]),
    "valueFormat": texts,
    "levelType": st.fixed_dictionaries(
        {name: st.booleans() for name in ("min", "nom", "typ", "max")}
    ),
}
_values_or_list = st.fixed_dictionaries({}, optional={"value": texts}) | st.fixed_dictionaries(
    {
        "valueList": st.fixed_dictionaries(
            {
                "valueReferencePairs": st.lists(
                    st.fixed_dictionaries(
                        {"value": texts}, optional={"valueId": external_references}
                    ),
                    min_size=1,
                    max_size=2,
                )
            }
        )
    }
)
_iec61360_content = st.builds(
    lambda base, values: base | values,
    records(
        {
            "modelType": st.just("DataSpecificationIec61360"),
            "preferredName": _english,
            "definition": _english,
        },
        _iec61360_optional,
    ),
    _values_or_list,
)
_iec61360 = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"
embedded_data_specifications = st.lists(
    st.fixed_dictionaries(
        {
            "dataSpecification": st.just(
                {
                    "type": "ExternalReference",
                    "keys": [{"type": "GlobalReference", "value": _iec61360}],
                }
            ),
            "dataSpecificationContent": _iec61360_content,
        }
    ),
    min_size=1,
    max_size=1,
)
