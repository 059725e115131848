from __future__ import annotations

import msgspec
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.registry.derivation import shell_parts, submodel_descriptor
from aas_server.registry.schemas import SHELL_DESCRIPTOR, SUBMODEL_DESCRIPTOR, require
from tests.registry.documents import URL, external, shell, submodel


def encode(tree: object) -> bytes:
    return msgspec.json.encode(tree)


def test_a_descriptor_of_a_shell_has_what_the_shell_says_of_itself_and_its_asset():
    about = {
        "idShort": "Press",
        "displayName": [{"language": "de", "text": "Presse ä"}],
        "description": [{"language": "en", "text": "A press"}],
        "administration": {"version": "1", "revision": "2"},
    }
    tree = shell("urn:shell/ä", links={"serial": "4711"}, **about)
    tree["assetInformation"]["assetType"] = "urn:type"
    descriptor = msgspec.json.decode(shell_parts(encode(tree), URL).joined([]))
    href = f"{URL}/shells/{encode_identifier('urn:shell/ä')}"
    information = {"href": href, "endpointProtocol": "HTTPS"}
    assert descriptor == {
        "id": "urn:shell/ä",
        **about,
        "assetKind": "Instance",
        "assetType": "urn:type",
        "globalAssetId": "urn:shell/ä:asset",
        "specificAssetIds": [{"name": "serial", "value": "4711"}],
        "endpoints": [
            {"interface": "AAS-3.1", "protocolInformation": information},
            {"interface": "AAS-3.0", "protocolInformation": information},
        ],
    }
    require(SHELL_DESCRIPTOR, descriptor)


def test_a_descriptor_of_a_submodel_has_its_semantics_and_none_of_its_elements():
    tree = submodel(
        "urn:sm",
        idShort="Data",
        semanticId=external("urn:semantic"),
        supplementalSemanticIds=[external("urn:more")],
        submodelElements=[{"modelType": "Capability", "idShort": "Can"}],
    )
    descriptor = msgspec.json.decode(submodel_descriptor(encode(tree), URL))
    assert descriptor.keys() == {
        "id",
        "idShort",
        "semanticId",
        "supplementalSemanticIds",
        "endpoints",
    }
    assert [each["interface"] for each in descriptor["endpoints"]] == [
        "SUBMODEL-3.1",
        "SUBMODEL-3.0",
    ]
    assert descriptor["endpoints"][0]["protocolInformation"]["href"] == f"{URL}/submodels/dXJuOnNt"
    require(SUBMODEL_DESCRIPTOR, descriptor)


def test_a_descriptor_of_a_bare_document_has_only_what_is_required():
    assert msgspec.json.decode(submodel_descriptor(encode(submodel("urn:s")), URL)).keys() == {
        "id",
        "endpoints",
    }


def test_a_shell_names_each_of_its_submodels_once_and_in_order():
    tree = shell("urn:shell", submodels=("urn:b", "urn:a", "urn:b"))
    assert shell_parts(encode(tree), URL).submodel_ids == ("urn:b", "urn:a")


@pytest.mark.parametrize(
    "reference", [{}, {"keys": 7}, {"keys": []}, {"keys": [5]}, {"keys": [{}]}]
)
def test_a_reference_that_names_nothing_is_passed_over(reference: object):
    tree = shell("urn:shell", submodels=("urn:a",))
    tree["submodels"].insert(0, reference)
    assert shell_parts(encode(tree), URL).submodel_ids == ("urn:a",)


def test_submodel_descriptors_stand_inside_the_shell_s():
    parts = shell_parts(encode(shell("urn:shell")), URL)
    inside = msgspec.json.decode(parts.joined([b'{"id":"a"}', b'{"id":"b"}']))
    assert inside["submodelDescriptors"] == [{"id": "a"}, {"id": "b"}]
    assert "submodelDescriptors" not in msgspec.json.decode(parts.joined([]))
