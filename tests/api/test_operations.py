from __future__ import annotations

import json
from pathlib import Path

import pytest

from aas_server.api.app import HANDLERS
from aas_server.api.operations import OPERATIONS, Service

Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def specified(shared_dir: Path) -> dict[Key, dict]:
    operations = json.loads((shared_dir / "spec" / "operations.json").read_text())["operations"]
    return {(each["service"], each["method"], each["path"]): each for each in operations}


def served() -> set[Key]:
    return {(each.service.value, each.method, each.path) for each in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_every_operation_is_as_the_specification_has_it(operation, specified):
    found = specified[operation.service.value, operation.method, operation.path]
    assert found["operationId"] == operation.id
    assert found["content_modifier"] == operation.content.value.strip("$")
    assert tuple(found["semantic_id"]) == operation.semantic_ids


def test_no_operation_is_declared_twice():
    assert len(served()) == len(OPERATIONS)
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_operation_has_a_handler_and_every_handler_an_operation():
    assert {operation.handler for operation in OPERATIONS} == HANDLERS.keys()


def test_what_is_not_served_yet_is_no_read_of_a_document(specified):
    missing = {
        path
        for service, method, path in specified.keys() - served()
        if method == "GET" and service in {each.value for each in Service}
    }
    later = ("/thumbnail", "/attachment", "/description", "/serialization", "/{handleId}")
    assert missing
    assert {path for path in missing if not path.removesuffix("/$value").endswith(later)} == set()
