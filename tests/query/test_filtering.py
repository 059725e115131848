"""Fragments that a filter keeps or leaves out of what was found ($filters of the 3.2 draft)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aas_server.errors import BadRequest
from aas_server.query.evaluation import Subject
from aas_server.query.fields import Root
from aas_server.query.filtering import without_fragments
from aas_server.query.parsing import parse_query
from aas_server.query.reading import Tree
from tests.query.asked import collection, eq, field, listed, number, prop, reference, submodel

TRUE = {"$boolean": True}
FALSE = {"$boolean": False}


def left(document: dict[str, Any], *filters: tuple[str, Any], root: Root = Root.SUBMODEL) -> Any:
    """What the filters leave of a document, which itself stays as it is."""
    written = [{"$fragment": fragment, "$condition": each} for fragment, each in filters]
    query = parse_query({"$condition": TRUE, "$filters": written})
    before = copy.deepcopy(document)
    result = without_fragments(
        document, root, Subject({root: [Tree(document)]}, frozenset()), query.filters
    )
    assert document == before
    return result


def names(elements: list[dict[str, Any]] | None) -> list[Any]:
    return [
        [each.get("idShort"), names(each["value"])]
        if isinstance(each.get("value"), list)
        else each.get("idShort")
        for each in elements or ()
    ]


def test_elements_that_fulfil_the_condition_are_kept():
    document = submodel("S", prop("A", "1"), prop("B", "2"), collection("C", prop("A", "3")))
    found = left(document, ("$sme", {"$ne": [field("$sme#idShort"), {"$strVal": "A"}]}))
    # The collection has no child left, and so no value: the metamodel has no empty lists.
    assert names(found["submodelElements"]) == ["B", "C"]
    assert "value" not in found["submodelElements"][1]


def test_a_collection_that_is_left_out_takes_along_what_is_in_it():
    document = submodel("S", prop("A", "1"), collection("C", prop("A", "3")))
    found = left(document, ("$sme", eq("$sme#idShort", "A")))
    assert names(found["submodelElements"]) == ["A"]


def test_a_path_is_about_the_elements_it_leads_to_alone():
    document = submodel("S", prop("A", "1"), collection("C", prop("A", "1"), prop("B", "1")))
    found = left(document, ("$sme.C.A", FALSE))
    assert names(found["submodelElements"]) == ["A", ["C", ["B"]]]


def test_of_a_list_each_element_is_asked_by_itself():
    document = submodel(
        "S",
        listed(
            "Tasks",
            collection(None, prop("Due", "5"), prop("Done", "no")),
            collection(None, prop("Due", "9"), prop("Done", "no")),
            collection(None, prop("Due", "9"), prop("Done", "yes")),
        ),
    )
    late = {
        "$and": [
            {"$gt": [field("$sme.Tasks[].Due#value"), number(7)]},
            eq("$sme.Tasks[].Done#value", "no"),
        ]
    }
    (tasks,) = left(document, ("$sme.Tasks[]", late))["submodelElements"]
    assert tasks["value"] == [document["submodelElements"][0]["value"][1]]


def test_an_index_is_about_one_element_of_a_list():
    document = submodel("S", listed("L", prop(None, "1"), prop(None, "2"), prop(None, "3")))
    (found,) = left(document, ("$sme.L[1]", FALSE))["submodelElements"]
    assert [each["value"] for each in found["value"]] == ["1", "3"]


def test_a_submodel_without_elements_has_no_list_of_them():
    assert "submodelElements" not in left(submodel("S", prop("A", "1")), ("$sme", FALSE))


def test_a_part_of_an_element_is_left_out():
    document = submodel("S", prop("Open", "1", "urn:c"), prop("Secret", "2", "urn:c"))
    found = left(document, ("$sme#value", eq("$sme#idShort", "Open")))
    assert [each.get("value") for each in found["submodelElements"]] == ["1", None]
    found = left(document, ("$sme.Secret#semanticId", FALSE))
    assert ["semanticId" in each for each in found["submodelElements"]] == [True, False]


def test_keys_of_references_are_left_out_one_by_one():
    document = submodel("S") | {"semanticId": reference("urn:a", "urn:b", "urn:c")}
    kept = {"$ne": [field("$sm#semanticId.keys[].value"), {"$strVal": "urn:b"}]}
    found = left(document, ("$sm#semanticId.keys[]", kept))
    assert [key["value"] for key in found["semanticId"]["keys"]] == ["urn:a", "urn:c"]


def test_specific_asset_ids_of_a_shell_are_left_out():
    pairs = [("serial", "1"), ("customer", "x"), ("customer", "y")]
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:a",
        "idShort": "A",
        "assetInformation": {
            "assetKind": "Instance",
            "specificAssetIds": [{"name": name, "value": value} for name, value in pairs],
        },
    }
    here = "$aas#assetInformation.specificAssetIds[]"
    found = left(shell, (here, eq(f"{here}.name", "serial")), root=Root.SHELL)
    assert found["assetInformation"]["specificAssetIds"] == [{"name": "serial", "value": "1"}]
    found = left(shell, (here.removesuffix("[]"), FALSE), ("$aas#idShort", FALSE), root=Root.SHELL)
    assert found["assetInformation"] == {"assetKind": "Instance"}
    assert "idShort" not in found


def test_parts_of_descriptors_are_left_out():
    descriptor = {
        "id": "urn:a",
        "idShort": "A",
        "extensions": [{"name": "x"}],
        "submodelDescriptors": [
            {"id": "urn:1", "idShort": "One", "endpoints": [{"interface": "SUBMODEL-3.0"}]},
            {"id": "urn:2", "idShort": "Two", "endpoints": [{"interface": "SUBMODEL-3.0"}]},
        ],
    }
    one = eq("$aasdesc#submodelDescriptors[].idShort", "One")
    found = left(
        descriptor,
        ("$aasdesc#submodelDescriptors[]", one),
        ("$aasdesc#extension", FALSE),
        root=Root.SHELL_DESCRIPTOR,
    )
    assert [each["id"] for each in found["submodelDescriptors"]] == ["urn:1"]
    assert "extensions" not in found


def test_filters_are_carried_out_one_after_the_other():
    document = submodel("S", prop("A", "1"), prop("B", "2"), prop("C", "3"))
    found = left(
        document,
        ("$sme", {"$gt": [field("$sme#value"), number(1)]}),
        ("$sme", {"$lt": [field("$sme#value"), number(3)]}),
    )
    assert names(found["submodelElements"]) == ["B"]


def test_what_cannot_be_compared_is_left_out():
    document = submodel("S", prop("A", "warm"), prop("B", "2"))
    found = left(document, ("$sme", {"$gt": [field("$sme#value"), number(1)]}))
    assert names(found["submodelElements"]) == ["B"]


def test_a_filter_about_another_kind_of_document_does_not_apply():
    document = submodel("S", prop("A", "1"))
    assert left(document, ("$aas#idShort", FALSE), ("$cd#idShort", FALSE)) == document


@pytest.mark.parametrize(
    "fragment",
    [
        "$sm",
        "$aas",
        "$sm#id",
        "$sme#modelType",
        "$aas#assetInformation",
        "$aas#assetInformation.assetKind",
        "$aas#submodels.keys[]",
        "$sm#idShort[]",
        "$sm.Path#idShort",
        "$sme.A..B",
        "$foo#idShort",
        "$smdesc#id",
        "x" * 3000,
    ],
)
def test_what_is_no_fragment_is_refused_with_its_place(fragment):
    filters = [{"$fragment": fragment, "$condition": TRUE}]
    with pytest.raises(BadRequest) as raised:
        parse_query({"$condition": TRUE, "$filters": filters})
    assert raised.value.path == "$filters[0].$fragment"
