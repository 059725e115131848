"""Environments split into documents: what is split, what is read whole, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aas_server.errors import BadRequest
from aas_server.packages.bulk import splitting
from aas_server.packages.bulk.splitting import split
from aas_server.packages.environments import BOM
from aas_server.store.protocol import Kind
from tests.packages.bulk.stores import written
from tests.packages.packages import environment, shell, submodel

TEXT = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:string", "value": "a" * 90}


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file be large that has more than 10,000 bytes."""
    monkeypatch.setattr(splitting, "MAX_READ", 10_000)
    monkeypatch.setattr(splitting, "_SMALL", 1_000)


def large(*documents: object) -> bytes:
    trees = [submodel(f"urn:{n}", TEXT) for n in range(100)]
    return json.dumps({"submodels": [*documents, *trees]}).encode()


def documents_of(file: Path) -> dict[Kind, list[bytes]]:
    found = split(file, "file")
    assert found is not None
    return {kind: [bytes(raw) for raw in raws] for kind, raws in found.items()}


def test_documents_are_split_off_as_they_are_written(tmp_path: Path) -> None:
    text = b' {"submodels" : [ {"id": "a", "x" : [1, {"]": "}"}]},null ] } '
    found = documents_of(written(tmp_path / "a", text))
    assert found == {
        Kind.SHELL: [],
        Kind.SUBMODEL: [b'{"id": "a", "x" : [1, {"]": "}"}]}', b"null"],
        Kind.CONCEPT_DESCRIPTION: [],
    }


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("mark", [b"", BOM])
def test_a_large_file_is_split_without_being_read(tmp_path: Path, mark: bytes) -> None:
    file = written(tmp_path / "a", mark + large(submodel("urn:first")))
    found = documents_of(file)
    assert len(found[Kind.SUBMODEL]) == 101
    assert json.loads(found[Kind.SUBMODEL][0]) == submodel("urn:first")
    assert json.loads(found[Kind.SUBMODEL][-1]) == submodel("urn:99", TEXT)


@pytest.mark.parametrize(
    "text",
    [
        b"<environment/>",
        b"\xff\xfe<\x00",
        b"nonsense",
        b"[]",
        b'{"submodels": 5}',
        b'{"assets": [], "submodels": []}',
        b'{"submodels": [{"identification": {"id": "urn:a"}}]}',
    ],
)
def test_what_is_no_environment_of_metamodel_3_is_read_as_a_whole(
    tmp_path: Path, text: bytes
) -> None:
    assert split(written(tmp_path / "a", text), "file") is None


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"<environment>" + b" " * 10_000, "is XML of more than 10000 bytes"),
        (large()[:-5], "is neither JSON nor XML: Input data was truncated"),
        (large().replace(b'"submodels"', b'"assets"'), "is no AAS environment of metamodel 3"),
        (large().replace(b":", b"", 1), "is neither JSON nor XML: JSON is malformed"),
        (json.dumps([submodel("urn:a", *[TEXT] * 100)]).encode(), "is no AAS environment"),
        (large(*[0] * 20_000), "hardly anything but brackets"),
        (large(submodel("urn:a", *[TEXT] * 100)), r"submodels\[0\] is larger than 10000 bytes"),
    ],
)
def test_a_large_file_that_cannot_be_split_is_refused(
    tmp_path: Path, text: bytes, reason: str
) -> None:
    with pytest.raises(BadRequest, match=reason) as raised:
        split(written(tmp_path / "a", text), "the file")
    assert raised.value.path == "the file"


def test_limits_of_values_hold_for_a_small_file(tmp_path: Path) -> None:
    dense = b'{"submodels": [%b]}' % b",".join([b"{}"] * 600_000)
    with pytest.raises(BadRequest, match="hardly anything but brackets"):
        split(written(tmp_path / "a", dense), "file")


def test_the_members_are_those_of_environments(tmp_path: Path) -> None:
    concept = {"modelType": "ConceptDescription", "id": "urn:c"}
    file = written(
        tmp_path / "a",
        {**environment(shell("urn:s"), submodel("urn:a")), "conceptDescriptions": [concept]},
    )
    assert {kind: len(raws) for kind, raws in documents_of(file).items()} == {
        Kind.SHELL: 1,
        Kind.SUBMODEL: 1,
        Kind.CONCEPT_DESCRIPTION: 1,
    }
