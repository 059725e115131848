"""What a condition means: the examples of the standard, and what they leave open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aas_server.query.evaluation import fulfils
from aas_server.query.expression import Source, SubjectAttribute
from aas_server.query.parsing import parse_condition
from tests.query.asked import (
    answer,
    collection,
    eq,
    field,
    listed,
    number,
    of_shell,
    of_submodel,
    prop,
    reference,
    submodel,
    text,
)

KIND = "$aas#assetInformation.assetKind"
TYPE = "$aas#assetInformation.assetType"
SPECIFIC = "$aas#assetInformation.specificAssetIds"
TRUE = {"$boolCast": text("true")}
SHELL = {
    "modelType": "AssetAdministrationShell",
    "id": "https://example.com/asset-administration-shell-1",
    "assetInformation": {
        "assetKind": "Instance",
        "globalAssetId": "urn:asset-administration-shell-1",
        "specificAssetIds": [
            {"name": "supplierId", "value": "aas-1"},
            {"name": "customerId", "value": "aas-2"},
        ],
    },
    "submodels": [
        {
            "type": "ModelReference",
            "keys": [{"type": "Submodel", "value": f"https://example.com/submodel-{index}"}],
        }
        for index in (1, 2)
    ],
}


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (field("$aas#idShort"), "$eq", field(TYPE), True),
        (field("$aas#idShort"), "$le", field(TYPE), True),
        (field("$aas#idShort"), "$ne", field(TYPE), False),
        (number(1), "$le", number(2), True),
        (number(1), "$gt", number(2), False),
        (number(13), "$eq", text("13"), False),
        (text("a"), "$lt", text("b"), True),
        (text("1"), "$gt", text("2"), False),
        (text("11"), "$gt", text("2"), False),
        (field(KIND), "$eq", field("$aas#submodels"), False),
        (field(KIND), "$ne", field("$aas#submodels"), True),
        (field(KIND), "$eq", field(KIND), True),
        (field(KIND), "$ne", field(KIND), False),
        (field("$aas#submodels"), "$eq", field("$aas#submodels"), True),
        (field(KIND), "$eq", number(17), False),
        (field(KIND), "$ne", number(17), True),
        (field(KIND), "$le", field(KIND), True),
        (TRUE, "$ge", TRUE, True),
        (TRUE, "$gt", TRUE, False),
        (field("$aas#id"), "$contains", text("https://example.com/asset-administration"), True),
    ],
)
def test_comparisons_of_the_standards_table(left, operator, right, expected):
    assert answer(of_shell(SHELL), {operator: [left, right]}) is expected


def matching(operator: str, name: str, value: str) -> dict[str, Any]:
    return {operator: [eq(f"{SPECIFIC}[].name", name), eq(f"{SPECIFIC}[].value", value)]}


def test_a_match_is_about_one_element_and_an_and_is_not():
    shell = of_shell(SHELL)
    assert answer(shell, matching("$match", "supplierId", "aas-1")) is True
    assert answer(shell, matching("$match", "supplierId", "aas-2")) is False
    assert answer(shell, matching("$and", "supplierId", "aas-2")) is True
    both = [matching("$match", "supplierId", "aas-1"), matching("$match", "customerId", "aas-2")]
    assert answer(shell, {"$or": both}) is True
    assert answer(shell, {"$and": both}) is True


def document(class_id: str, *languages: str) -> dict[str, Any]:
    texts = [
        {
            "modelType": "MultiLanguageProperty",
            "value": [{"language": language, "text": "x"}],
        }
        for language in languages
    ]
    return collection(
        None,
        collection("DocumentClassification", prop("Class", class_id)),
        collection("DocumentVersion", listed("SMLLanguages", *texts)),
    )


def test_the_standards_example_of_documents_of_a_class_in_a_language():
    condition = {
        "$match": [
            eq("$sme.Documents[].DocumentClassification.Class#value", "03-01"),
            eq("$sme.Documents[].DocumentVersion.SMLLanguages[]#language", "nl"),
        ]
    }
    one = listed("Documents", document("03-01", "de", "nl"), document("02-01", "en"))
    apart = listed("Documents", document("03-01", "de"), document("02-01", "nl"))
    assert answer(of_submodel(submodel("HandoverDocumentation", one)), condition) is True
    assert answer(of_submodel(submodel("HandoverDocumentation", apart)), condition) is False


WIDTH = "0173-1#02-BAF016#006"


def technical_data(width: str, *, id_short: str = "TechnicalData") -> dict[str, Any]:
    classified = collection(
        "ProductClassifications",
        collection("ProductClassificationItem", prop("ProductClassId", "27-37-09-05")),
    )
    properties = collection("TechnicalProperties", prop("Width", width, WIDTH))
    return submodel(id_short, classified, properties, prop("Height", "20", "urn:height"))


MOTOR_STARTER = {
    "$and": [
        {
            "$match": [
                eq("$sm#idShort", "TechnicalData"),
                eq(
                    "$sme.ProductClassifications.ProductClassificationItem.ProductClassId#value",
                    "27-37-09-05",
                ),
            ]
        },
        {
            "$match": [
                eq("$sm#idShort", "TechnicalData"),
                eq("$sme#semanticId", WIDTH),
                {"$lt": [field("$sme#value"), number(100)]},
            ]
        },
    ]
}


def test_the_standards_example_of_motor_starters_less_than_100_mm_wide():
    assert answer(of_submodel(technical_data("45")), MOTOR_STARTER) is True
    # Its height is less than 100, its width is not.
    assert answer(of_submodel(technical_data("120")), MOTOR_STARTER) is False
    other = technical_data("45", id_short="Other")
    assert answer(of_submodel(other), MOTOR_STARTER) is False
    assert answer(of_shell(SHELL, other, technical_data("45")), MOTOR_STARTER) is True


def test_what_is_asked_of_submodels_together_one_of_them_must_fulfil():
    name, value = eq("$sm#idShort", "A"), eq("$sme.P#value", "1")
    here, there = submodel("A", prop("P", "2")), submodel("B", prop("P", "1"))
    assert answer(of_shell(SHELL, here, there), {"$and": [name, value]}) is False
    assert answer(of_shell(SHELL, here, submodel("A", prop("P", "1"))), {"$and": [name, value]})
    assert answer(of_shell(SHELL, here, there), {"$or": [name, value]}) is True
    without = {"$and": [eq("$sm#idShort", "B"), {"$not": value}]}
    assert answer(of_shell(SHELL, here, there), without) is False


def test_a_shell_lacks_a_submodel_when_none_of_its_submodels_is_it():
    lacks = {"$not": eq("$sm#semanticId", "urn:nameplate")}
    nameplate = submodel("Nameplate", concept="urn:nameplate")
    assert answer(of_shell(SHELL, submodel("A")), lacks) is True
    assert answer(of_shell(SHELL, submodel("A"), nameplate), lacks) is False
    assert answer(of_shell(SHELL), lacks) is True
    instance = eq(KIND, "Instance")
    assert answer(of_shell(SHELL, submodel("A"), nameplate), {"$and": [instance, lacks]}) is False
    assert answer(of_shell(SHELL, submodel("A")), {"$and": [instance, lacks]}) is True


def test_a_submodel_is_asked_about_with_the_shells_that_refer_to_it():
    condition = {"$and": [eq("$sm#idShort", "A"), eq(KIND, "Instance")]}
    assert answer(of_submodel(submodel("A"), SHELL), condition) is True
    assert answer(of_submodel(submodel("A")), condition) is False


def test_a_field_without_a_path_means_elements_in_collections_and_lists_however_deep():
    deep = submodel("A", collection("C", listed("L", collection(None, prop("P", "x")))))
    assert answer(of_submodel(deep), eq("$sme#value", "x")) is True
    assert answer(of_submodel(deep), eq("$sme#idShort", "P")) is True
    assert answer(of_submodel(deep), eq("$sme.L[0].P#value", "x")) is True
    assert answer(of_submodel(deep), eq("$sme.C.L[].P#value", "x")) is True
    assert answer(of_submodel(deep), eq("$sme.L[1].P#value", "x")) is False
    assert answer(of_submodel(deep), eq("$sme.C.P#value", "x")) is False


def test_statements_of_entities_cannot_be_asked_for():
    entity = {"modelType": "Entity", "idShort": "E", "statements": [prop("P", "x")]}
    assert answer(of_submodel(submodel("A", entity)), eq("$sme#value", "x")) is False


def test_the_values_of_all_languages_and_the_first_key_of_a_reference_are_asked_for():
    texts = {
        "modelType": "MultiLanguageProperty",
        "idShort": "T",
        "value": [{"language": "de", "text": "Fräse"}, {"language": "en", "text": "mill"}],
    }
    link = {"modelType": "ReferenceElement", "idShort": "R", "value": reference("urn:a", "urn:b")}
    document = of_submodel(submodel("A", texts, link))
    assert answer(document, eq("$sme.T#value", "mill")) is True
    assert answer(document, eq("$sme.T#language", "de")) is True
    assert answer(document, eq("$sme.R#value", "urn:a")) is True
    assert answer(document, eq("$sme.R#value", "urn:b")) is False


@pytest.mark.parametrize(
    ("value", "condition", "expected"),
    [
        ("17", {"$eq": [field("$sme.P#value"), number(17.0)]}, True),
        ("17.0", {"$eq": [field("$sme.P#value"), number(17)]}, True),
        ("017", {"$eq": [field("$sme.P#value"), text("17")]}, False),
        ("9", {"$lt": [field("$sme.P#value"), number(10)]}, True),
        ("9", {"$lt": [field("$sme.P#value"), text("10")]}, False),
        ("1E3", {"$ge": [field("$sme.P#value"), number(1000)]}, True),
        ("INF", {"$gt": [field("$sme.P#value"), number(1e300)]}, True),
        ("true", {"$eq": [field("$sme.P#value"), {"$boolean": True}]}, True),
        ("1", {"$eq": [field("$sme.P#value"), {"$boolean": True}]}, True),
        ("FF", {"$eq": [field("$sme.P#value"), {"$hexVal": "16#FF"}]}, True),
        ("ff", {"$eq": [{"$hexCast": field("$sme.P#value")}, {"$hexVal": "16#FF"}]}, True),
        (
            "2026-11-30T12:00:00+01:00",
            {"$eq": [field("$sme.P#value"), {"$dateTimeVal": "2026-11-30T11:00:00Z"}]},
            True,
        ),
        (
            "2026-11-30",
            {"$lt": [field("$sme.P#value"), {"$dateTimeVal": "2026-11-30T11:00:00Z"}]},
            True,
        ),
        (
            "2026-11-29T10:00:00Z",
            {"$eq": [{"$dayOfWeek": field("$sme.P#value")}, number(0)]},
            True,
        ),
        ("2026-11-29T10:00:00Z", {"$eq": [{"$year": field("$sme.P#value")}, number(2026)]}, True),
        ("06:30:00", {"$lt": [field("$sme.P#value"), {"$timeVal": "07:00"}]}, True),
        (
            "2026-11-29T06:30:00Z",
            {"$lt": [{"$timeCast": field("$sme.P#value")}, {"$timeVal": "07:00"}]},
            True,
        ),
        ("12", {"$eq": [{"$strCast": {"$numCast": field("$sme.P#value")}}, text("12")]}, True),
        ("abc", {"$regex": [field("$sme.P#value"), text("^a.c$")]}, True),
        ("xabcx", {"$regex": [field("$sme.P#value"), text("abc")]}, True),
        ("abc", {"$starts-with": [field("$sme.P#value"), text("ab")]}, True),
        ("abc", {"$ends-with": [field("$sme.P#value"), text("ab")]}, False),
    ],
)
def test_a_field_is_compared_as_what_the_other_side_is(value, condition, expected):
    assert answer(of_submodel(submodel("A", prop("P", value))), condition) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"$gt": [field("$sme.P#value"), number(5)]},
        {"$eq": [{"$numCast": field("$sme.P#value")}, number(5)]},
        {
            "$eq": [
                {"$dateTimeCast": field("$sme.P#value")},
                {"$dateTimeVal": "2026-11-30T00:00:00Z"},
            ]
        },
        {"$eq": [{"$year": field("$sme.P#value")}, number(2026)]},
        {"$eq": [{"$boolCast": field("$sme.P#value")}, {"$boolean": True}]},
        {"$regex": [text("a"), {"$strCast": field("$sme.Pattern#value")}]},
    ],
)
def test_an_invalid_comparison_makes_everything_invalid_that_is_made_of_it(condition):
    document = of_submodel(submodel("A", prop("P", "abc"), prop("Pattern", "(")))
    assert answer(document, condition) is None
    assert answer(document, {"$not": condition}) is None
    assert answer(document, {"$or": [condition, {"$boolean": True}]}) is None
    assert answer(document, {"$and": [condition, {"$boolean": False}]}) is None


def test_a_value_that_cannot_be_cast_does_not_hinder_another_that_can():
    document = of_submodel(submodel("A", prop("P", "abc"), prop("Q", "7")))
    assert answer(document, {"$gt": [field("$sme#value"), number(5)]}) is True
    assert answer(document, {"$gt": [field("$sme#value"), number(9)]}) is False


def test_a_missing_field_fulfils_nothing_and_is_not_invalid():
    document = of_submodel(submodel("A"))
    for operator in ("$eq", "$ne", "$lt", "$ge"):
        assert answer(document, {operator: [field("$sme.P#value"), number(5)]}) is False
        assert answer(document, {operator: [field("$sme.P#value"), field("$sm#idShort")]}) is False
    assert answer(document, {"$not": eq("$sme.P#value", "x")}) is True
    assert answer(document, eq("$aasdesc#id", "urn:x")) is False


def test_an_access_rules_attribute_is_cast_as_a_field_is():
    claim, now = SubjectAttribute(Source.CLAIM, "email"), SubjectAttribute(Source.GLOBAL, "UTCNOW")
    attributes = {claim: ["a@b.example"], now: ["2026-11-30T10:30:00Z"]}
    subject = replace(of_submodel(submodel("A", prop("P", "a@b.example"))), attributes=attributes)
    email = {"$attribute": {"CLAIM": "email"}}
    moment = {"$attribute": {"GLOBAL": "UTCNOW"}}
    missing = {"$attribute": {"CLAIM": "company"}}
    for condition, expected in (
        ({"$regex": [email, text("@b\\.example$")]}, True),
        ({"$eq": [field("$sme.P#value"), email]}, True),
        ({"$ge": [moment, {"$timeVal": "09:00"}]}, True),
        ({"$le": [moment, {"$timeVal": "10:00"}]}, False),
        ({"$eq": [{"$dayOfWeek": moment}, number(1)]}, True),
        ({"$eq": [missing, text("x")]}, False),
    ):
        assert fulfils(subject, parse_condition(condition)) is expected


def test_qualifiers_can_be_asked_for_so_that_quality_can():
    quality = [{"kind": "ValueQualifier", "type": "quality", "value": "bad"}]
    bad = {**prop("P", "1"), "qualifiers": quality}
    condition = {
        "$match": [eq("$sme#qualifiers[].type", "quality"), eq("$sme#qualifiers[].value", "bad")]
    }
    assert answer(of_submodel(submodel("A", bad)), condition) is True
    assert answer(of_submodel(submodel("A", prop("P", "1"))), condition) is False
