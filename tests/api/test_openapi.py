"""The OpenAPI document: valid, current, complete, and what the server really answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator
from typer.testing import CliRunner

from aas_server.api.openapi.document import SERVICES, service_document, whole_document
from aas_server.api.openapi.examples import (
    ASSET_ID,
    CONCEPT_ID,
    ELEMENT_PATH,
    SHELL_ID,
    SUBMODEL_ID,
)
from aas_server.api.operations.table import OPERATIONS
from aas_server.api.settings import ApiSettings
from aas_server.cli.main import app as command
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import resolve
from tests.api import documents

DOCUMENT = whole_document("1")
METHODS = {"get", "put", "post", "patch", "delete"}


def operations_of(document: dict) -> Iterator[tuple[str, str, dict]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield method.upper(), path, item[method]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def as_json_schema(part: Any) -> Any:
    """Return a part of the document as JSON Schema, which has no ``nullable``."""
    if isinstance(part, dict):
        converted = {name: as_json_schema(value) for name, value in part.items()}
        if converted.pop("nullable", False) is True:
            converted["type"] = [converted["type"], "null"]
        converted.pop("discriminator", None)
        return converted
    if isinstance(part, list):
        return [as_json_schema(value) for value in part]
    return part


COMPONENTS = as_json_schema(DOCUMENT["components"])


def check(instance: Any, schema: dict) -> None:
    jsonschema.Draft7Validator({**as_json_schema(schema), "components": COMPONENTS}).validate(
        instance
    )


def test_the_committed_document_is_current(project_dir: Path):
    printed = CliRunner().invoke(command, ["schema", "openapi"])
    assert printed.exit_code == 0
    # make specs writes it anew
    assert (project_dir / "specs" / "openapi.json").read_text() == printed.stdout


@pytest.mark.parametrize("name", ["everything", *SERVICES])
def test_the_document_is_valid_and_needs_nothing_from_elsewhere(name):
    document = DOCUMENT if name == "everything" else service_document(name, "1")
    OpenAPIV30SpecValidator(document).validate()
    assert document["openapi"] == "3.0.3"
    assert [server["url"] for server in document["servers"]] == ["/api/v3"]
    found = {tuple(each.split("/")[2:]) for each in references(document)}
    assert all(each.startswith("#/components/") for each in references(document))
    there = {(kind, key) for kind, of_it in document["components"].items() for key in of_it}
    assert found <= there
    if name != "everything":
        assert there == found


def test_every_operation_is_documented_and_no_other():
    documented = {(method, path) for method, path, _ in operations_of(DOCUMENT)}
    assert documented == {
        (each.method, path) for each in OPERATIONS for path in (each.path, each.typo) if path
    }
    ids = [operation["operationId"] for _, _, operation in operations_of(DOCUMENT)]
    assert len(ids) == len(set(ids))
    assert {each.id for each in OPERATIONS} <= set(ids)


def test_every_published_operation_is_documented(shared_dir: Path):
    published = json.loads((shared_dir / "spec" / "operations.json").read_text())["operations"]
    documented = {(method, path) for method, path, _ in operations_of(DOCUMENT)}
    assert {(each["method"], each["path"]) for each in published} <= documented
    for name, service in SERVICES.items():
        own = {(method, path) for method, path, _ in operations_of(service_document(name, "1"))}
        wanted = {
            (each["method"], each["path"]) for each in published if each["service"] == service.value
        }
        assert wanted <= own


OPERATION_OBJECTS = [each for _, _, each in operations_of(DOCUMENT)]


@pytest.mark.parametrize("operation", OPERATION_OBJECTS, ids=lambda each: each["operationId"])
def test_an_operation_says_what_it_takes_and_how_it_fails(operation):
    assert operation["summary"]
    assert operation["tags"]
    statuses = operation["responses"].keys()
    assert {"400", "401", "403", "500", "default"} <= statuses
    assert any(status < "400" for status in statuses)
    for status, response in operation["responses"].items():
        if status == "default" or status >= "400":
            name = response["$ref"].split("/")[-1]
            content = DOCUMENT["components"]["responses"][name]["content"]
            assert content == {
                "application/json": {"schema": {"$ref": "#/components/schemas/Result"}}
            }
    for status in ("201", "202", "302"):
        if status in operation["responses"]:
            assert "Location" in operation["responses"][status]["headers"]


def test_examples_are_what_their_schemas_say():
    checked = set()
    for operation in OPERATION_OBJECTS:
        for where in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in where.get("content", {}).values():
                if "example" in content and (key := str(content["schema"])) not in checked:
                    check(content["example"], content["schema"])
                    checked.add(key)
    assert len(checked) > 40


def test_every_json_body_has_an_example():
    without = {
        content["schema"]["$ref"].split("/")[-1]
        for _, _, operation in operations_of(DOCUMENT)
        for where in (operation.get("requestBody", {}), *operation["responses"].values())
        for media_type, content in where.get("content", {}).items()
        if media_type == "application/json" and "example" not in content
    }
    # Queries are not carried out yet.
    assert {each for each in without if not each.startswith("QueryResult")} == set()


def test_examples_of_parameters_are_what_their_schemas_say():
    for name, parameter in DOCUMENT["components"]["parameters"].items():
        if "example" in parameter:
            check(parameter["example"], parameter["schema"])
        assert parameter["description"], name


def test_examples_are_of_the_demo_plant(project_dir: Path):
    model = project_dir / "examples" / "plant" / "model"
    moulder = json.loads((model / "moulder.json").read_text())
    (shell,) = moulder["assetAdministrationShells"]
    assert (shell["id"], shell["assetInformation"]["globalAssetId"]) == (SHELL_ID, ASSET_ID)
    submodel = next(each for each in moulder["submodels"] if each["id"] == SUBMODEL_ID)
    assert resolve(submodel, parse_id_short_path(ELEMENT_PATH))["modelType"] == "Property"
    concepts = json.loads((model / "concepts.json").read_text())["conceptDescriptions"]
    assert CONCEPT_ID in {each["id"] for each in concepts}


# What our schema has and the published one has not, and the other way round.
ADDED = {"AdministrativeInformation": {"createdAt", "updatedAt"}}
ADDED_WORDS = {"AssetKind": {"Batch"}}
# Only there to be inherited from, or to say what oneOf says here.
NOT_HERE = re.compile(
    r"Abstract|Has[A-Z]|_choice$|_abstract$|^(Identifiable|Referable|Qualifiable|EventElement|"
    r"DataElement|SubmodelElement|DataSpecificationContent|ModelType|ReferenceParent)$"
)


def test_the_schemas_of_the_metamodel_have_the_published_attributes(shared_dir: Path):
    path = shared_dir / "spec" / "openapi" / "part1-metamodel-schemas.yaml"
    document = yaml.safe_load(path.read_text())
    published = document.get("components", document)["schemas"]

    def flat(schema: dict) -> tuple[set[str], set[str]]:
        if "$ref" in schema:
            return flat(published[schema["$ref"].split("/")[-1]])
        fields, required = set(schema.get("properties", {})), set(schema.get("required", []))
        for part in schema.get("allOf", []):
            more, needed = flat(part)
            fields, required = fields | more, required | needed
        return fields, required

    compared = 0
    for name, schema in published.items():
        if NOT_HERE.search(name):
            continue
        ours = DOCUMENT["components"]["schemas"][name]
        fields, required = flat(schema)
        assert set(ours.get("properties", {})) - ADDED.get(name, set()) == fields, name
        assert set(ours.get("required", [])) == required, name
        words = set(map(str, schema.get("enum", [])))
        assert set(ours.get("enum", [])) - ADDED_WORDS.get(name, set()) == words, name
        compared += 1
    assert compared > 40


VALUES = {
    "aasIdentifier": documents.SHELL,
    "submodelIdentifier": documents.TYPES,
    "cdIdentifier": documents.CONCEPT,
    "idShortPath": "Number",
}
FOR_ONE = ApiSettings(version="1", shell=documents.SHELL_ID, submodel=documents.TYPES_ID)
READS = [
    each
    for each in OPERATIONS
    if each.method == "GET"
    and set(each.path_parameters) <= VALUES.keys()
    and not each.path.endswith(("/attachment", "/thumbnail", "/$signed", "/$path"))
]


@pytest.mark.parametrize("settings", [FOR_ONE])
async def test_what_the_server_answers_is_what_the_document_says(client: httpx.AsyncClient):
    answered = 0
    for operation in READS:
        path = operation.path.format(**VALUES)
        response = await client.get(f"/api/v3{path}")
        assert response.status_code == 200, (path, response.text)
        said = DOCUMENT["paths"][operation.path]["get"]["responses"]["200"]
        check(response.json(), said["content"]["application/json"]["schema"])
        assert set(response.headers) >= {
            name.lower() for name in said.get("headers", {}) if name != "ETag"
        }
        answered += 1
    assert answered > 40


async def test_every_element_type_is_answered_as_the_document_says(client: httpx.AsyncClient):
    elements = documents.TYPES_SUBMODEL["submodelElements"]
    path = "/submodels/{submodelIdentifier}/submodel-elements/{idShortPath}"
    for element in elements:
        for form in ("", "/$metadata", "/$value", "/$reference"):
            values = {**VALUES, "idShortPath": element["idShort"]}
            response = await client.get(f"/api/v3{path.format(**values)}{form}")
            said = DOCUMENT["paths"][path + form]["get"]["responses"]
            if response.status_code == 400:
                assert element["modelType"] in ("Capability", "Operation")
                check(response.json(), {"$ref": "#/components/schemas/Result"})
            else:
                assert response.status_code == 200
                check(response.json(), said["200"]["content"]["application/json"]["schema"])


@pytest.mark.parametrize(
    "path",
    [
        "/shells",
        "/submodels",
        "/concept-descriptions",
        "/shell-descriptors",
        "/submodel-descriptors",
        "/submodels/{submodelIdentifier}/submodel-elements",
        "/lookup/shells/{aasIdentifier}",
        "/lookup/shellsByAssetLink",
        "/bulk/shell-descriptors",
    ],
)
async def test_the_example_of_a_body_is_taken_and_answered_as_the_document_says(client, path):
    said = DOCUMENT["paths"][path]["post"]
    body = said["requestBody"]["content"]["application/json"]["example"]
    response = await client.post(f"/api/v3{path.format(**VALUES)}", json=body)
    assert response.is_success, response.text
    answer = said["responses"][str(response.status_code)]
    if "content" in answer:
        check(response.json(), answer["content"]["application/json"]["schema"])
    assert set(response.headers) >= {name.lower() for name in answer.get("headers", {})}


@pytest.mark.parametrize("name", ["/openapi", *(f"/openapi/{name}" for name in SERVICES)])
async def test_documents_are_served_as_json_and_as_yaml(client: httpx.AsyncClient, name):
    text = await client.get(f"{name}.json")
    assert text.status_code == 200
    assert text.headers["content-type"] == "application/json"
    plain = await client.get(f"{name}.yaml")
    assert plain.headers["content-type"].startswith("application/yaml")
    assert yaml.safe_load(plain.text) == text.json()
    assert "&id" not in plain.text
    assert text.json()["info"]["version"] == "1.2.3"


async def test_the_page_shows_the_documents_and_loads_nothing_from_elsewhere(client):
    page = await client.get("/docs")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 5
    for link in links:
        assert not re.match(r"[a-z]+:|//", link)
        asset = await client.get(f"/{link}")
        assert asset.status_code == 200, link
        assert asset.headers["x-content-type-options"] == "nosniff"
    script = (await client.get("/docs/page.js")).text
    assert '"validatorUrl": null' in script
    for url in re.findall(r'"url": "([^"]+)"', script):
        assert (await client.get(f"/{url}")).status_code == 200, url


async def test_the_page_is_found_with_a_slash_too_and_nothing_else_is_below_it(client):
    response = await client.get("/docs/")
    assert (response.status_code, response.headers["location"]) == (308, "../docs")
    for path in ("/docs/swagger-ui.js", "/docs/..%2f__init__.py", "/openapi/nothing.json"):
        assert (await client.get(path)).status_code == 404, path
