from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aas_server.errors import Finding, InvalidDocument
from aas_server.registry.schemas import (
    ASSET_LINKS,
    MAX_FINDINGS,
    SHELL_DESCRIPTOR,
    SUBMODEL_DESCRIPTOR,
    require,
)
from tests.registry.documents import endpoint, external, shell_descriptor, submodel_descriptor

FULL_SUBMODEL = submodel_descriptor(
    "urn:sm",
    idShort="Data-sheet",
    displayName=[{"language": "de", "text": "Daten"}],
    description=[{"language": "en-US", "text": "What it can do"}],
    administration={"version": "1", "revision": "0", "creator": external("urn:me")},
    semanticId=external("urn:semantic"),
    supplementalSemanticIds=[external("urn:more")],
    extensions=[{"name": "note", "valueType": "xs:string", "value": ""}],
)
FULL = shell_descriptor(
    "urn:shell",
    idShort="Press",
    assetKind="Instance",
    assetType="urn:type",
    globalAssetId="urn:asset",
    specificAssetIds=[
        {"name": "serial", "value": "1", "externalSubjectId": external("urn:customer")}
    ],
    submodelDescriptors=[FULL_SUBMODEL],
    endpoints=[
        {
            "interface": "AAS-3.1",
            "protocolInformation": {
                "href": "https://elsewhere.example/aas",
                "endpointProtocol": "HTTPS",
                "endpointProtocolVersion": ["1.1"],
                "subprotocol": "DSP",
                "subprotocolBody": "id=1",
                "subprotocolBodyEncoding": "plain",
                "securityAttributes": [{"type": "NONE", "key": "", "value": ""}],
            },
        }
    ],
)


def paths(shape: Any, value: Any) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        require(shape, value)
    return [finding.path for finding in caught.value.findings]


def test_a_descriptor_with_every_member_is_accepted():
    require(SHELL_DESCRIPTOR, FULL)


def test_members_that_the_schema_does_not_know_are_let_through():
    require(SHELL_DESCRIPTOR, {"id": "urn:a", "createdAt": "today", "x": [None]})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 2049}, "id"),
        ({"id": 5}, "id"),
        ({"idShort": "1st"}, "idShort"),
        ({"assetKind": "instance"}, "assetKind"),
        ({"assetKind": ["Type"]}, "assetKind"),
        ({"endpoints": []}, "endpoints"),
        ({"endpoints": [{}]}, "endpoints[0].interface"),
        ({"endpoints": [{"interface": "AAS-3.0"}]}, "endpoints[0].protocolInformation"),
        (
            {"endpoints": [endpoint("a"), {"interface": "A", "protocolInformation": {}}]},
            "endpoints[1].protocolInformation.href",
        ),
        ({"displayName": [{"language": "en", "text": "x" * 129}]}, "displayName[0].text"),
        ({"description": [{"language": "!", "text": "x"}]}, "description[0].language"),
        ({"administration": {"version": "1.0"}}, "administration.version"),
        (
            {"specificAssetIds": [{"name": "n", "value": "v", "semanticId": {"keys": []}}]},
            "specificAssetIds[0].semanticId.type",
        ),
        ({"submodelDescriptors": [{"id": "urn:x"}]}, "submodelDescriptors[0].endpoints"),
        (
            {"submodelDescriptors": [FULL_SUBMODEL, FULL_SUBMODEL]},
            "submodelDescriptors[1].id",
        ),
        ({"extensions": []}, "extensions"),
    ],
)
def test_what_the_schema_does_not_allow_is_named_with_its_path(change: Any, path: str):
    assert path in paths(SHELL_DESCRIPTOR, {**FULL, **change})


@pytest.mark.parametrize("value", [None, [], "urn:a", 3, True])
def test_what_is_no_object_is_no_descriptor(value: Any):
    assert paths(SHELL_DESCRIPTOR, value) == [""]


def test_everything_wrong_is_told_at_once():
    wrong = {"idShort": "", "endpoints": [], "semanticId": None}
    assert set(paths(SUBMODEL_DESCRIPTOR, wrong)) == {"id", "idShort", "endpoints", "semanticId"}


def test_the_number_of_findings_is_bounded():
    assert len(paths(ASSET_LINKS, [{}] * 1000)) == MAX_FINDINGS


def test_a_global_asset_id_has_no_subject():
    link = {"name": "GLOBALASSETID", "value": "urn:a", "externalSubjectId": external("urn:me")}
    assert paths(ASSET_LINKS, [link]) == ["[0].externalSubjectId"]


def _published(shared_dir: Path) -> jsonschema.Draft202012Validator:
    """The published schema of a shell descriptor, its references to Part 1 made local."""
    schemas: dict[str, Any] = {}
    for part in ("part1-metamodel-schemas.yaml", "part2-api-schemas.yaml"):
        text = (shared_dir / "spec" / "openapi" / part).read_text(encoding="utf-8")
        schemas |= yaml.safe_load(text)["components"]["schemas"]

    def local(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return {"$ref": "#/components/schemas/" + node["$ref"].rsplit("/", 1)[1]}
            # The published patterns spell surrogates, which Python's expressions do not have.
            return {key: local(each) for key, each in node.items() if key != "pattern"}
        return [local(each) for each in node] if isinstance(node, list) else node

    root = {"$ref": "#/components/schemas/AssetAdministrationShellDescriptor"}
    return jsonschema.Draft202012Validator({**root, "components": {"schemas": local(schemas)}})


JUNK = (None, True, 7, "", "x" * 3000, [], {}, [{}], [None], "Instance", "1")


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def _changed(place: tuple[Any, ...]) -> Iterator[Any]:
    """The full descriptor without what stands at ``place``, and with junk there."""
    for junk in (..., *JUNK):
        changed = copy.deepcopy(FULL)
        parent: Any = changed
        for key in place[:-1]:
            parent = parent[key]
        if junk is ...:
            del parent[place[-1]]
        else:
            parent[place[-1]] = junk
        yield changed


def _findings(tree: Any) -> tuple[Finding, ...]:
    try:
        require(SHELL_DESCRIPTOR, tree)
    except InvalidDocument as error:
        return error.findings
    return ()


def test_what_is_refused_is_what_the_published_schema_refuses(shared_dir: Path):
    published = _published(shared_dir)
    for place in _places(FULL):
        for tree in _changed(place):
            findings = _findings(tree)
            # The patterns are left out of the published schema here.
            if not any("pattern" in each.text for each in findings):
                assert published.is_valid(tree) == (not findings), (place, findings)
