"""Packages made to harm: each is refused with its reason, or what is odd in it is told."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import AasError, BadRequest, InvalidDocument
from aas_server.packages import container
from aas_server.packages.importer import import_contents
from aas_server.packages.reader import read_package
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.packages.packages import (
    ORIGIN,
    SPEC,
    aasx,
    environment,
    file_element,
    parts_of,
    read,
    relationships,
    submodel,
    xml,
    xml_property,
    zipped,
)

SUBMODEL = submodel("urn:example:a", file_element("Manual", "/aasx/files/a.txt"))
WELL_MADE = parts_of(environment(SUBMODEL), {"aasx/files/a.txt": "content"})
DEEP_XML = "<submodelElementCollection><value>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def without(name: str) -> dict[str, Any]:
    return {part: content for part, content in WELL_MADE.items() if part != name}


def with_entry(name: str, **attributes: Any) -> bytes:
    info = zipfile.ZipInfo(name)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return zipped([*WELL_MADE.items(), (info, "content")])


def flagged_as_encrypted() -> bytes:
    body = bytearray(zipped(WELL_MADE))
    directory = body.index(b"PK\x01\x02")
    body[directory + 8] |= 1
    return bytes(body)


def without_a_name() -> bytes:
    """Return a package with a part whose name ends before it begins."""
    return with_entry("#").replace(b"#", b"\0")


def with_size(size: int) -> bytes:
    """Return a package whose last part claims to be of ``size`` bytes once it is unpacked."""
    body = bytearray(zipped(WELL_MADE))
    directory = body.rindex(b"PK\x01\x02")
    body[directory + 24 : directory + 28] = struct.pack("<I", size)
    return bytes(body)


def with_flipped_byte() -> bytes:
    """Return a package whose environment does not fit its checksum."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for name, content in WELL_MADE.items():
            archive.writestr(name, content)
    return stored.getvalue().replace(b'"urn:example:a"', b'"urn:example:b"')


def with_broken_deflate() -> bytes:
    body = bytearray(zipped(WELL_MADE))
    name = b"aasx/data.json"
    start = body.index(name) + len(name)
    body[start : start + 8] = b"\xff" * 8
    return bytes(body)


def random_text(size: int) -> str:
    return base64.b64encode(Random(7).randbytes(size)).decode()[:size]


def with_environment(text: str) -> bytes:
    return aasx(text)


HOSTILE = {
    "truncated": (zipped(WELL_MADE)[:-40], "is no AASX package"),
    "only a signature": (b"PK\x03\x04", "is no AASX package"),
    "no zip at all": (b"\x00\x01\x02", "is neither JSON nor XML"),
    "path leads out": (with_entry("../evil"), "must not lead out"),
    "encoded path leads out": (with_entry("aasx/%2e%2e/%2e%2e/evil"), "must not lead out"),
    "path leads out in the middle": (with_entry("aasx/../../evil"), "must not lead out"),
    "absolute": (with_entry("/etc/passwd"), "relative name"),
    "backslashes": (with_entry("aasx%5c..%5cevil"), "relative name"),
    "no name": (without_a_name(), "must have a name"),
    "drive": (with_entry("c:/evil"), "relative name"),
    "the same twice": (with_entry("AASX/DATA.json"), "is there twice"),
    "encoded the same": (with_entry("aasx/%64ata.json"), "is there twice"),
    "symbolic link": (
        with_entry("aasx/link", external_attr=0o120777 << 16, create_system=3),
        "symbolic link",
    ),
    "encrypted": (flagged_as_encrypted(), "encrypted"),
    "wrong checksum": (with_flipped_byte(), "is damaged"),
    "broken compression": (with_broken_deflate(), "is damaged"),
    "no environment": (zipped(without("aasx/_rels/aasx-origin.rels")), "holds no environment"),
    "environment missing": (zipped(without("aasx/data.json")), "holds no environment"),
    "relationships that are no XML": (
        zipped({**WELL_MADE, "_rels/.rels": "<Relationships"}),
        "is no XML",
    ),
    "entities in relationships": (
        zipped({**WELL_MADE, "_rels/.rels": '<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>'}),
        "document type",
    ),
    "external entity": (
        with_environment(
            '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + xml(xml_property("&x;"))
        ),
        "document type",
    ),
    "external subset": (
        with_environment('<!DOCTYPE e SYSTEM "http://127.0.0.1:9/x">' + xml(xml_property("x"))),
        "document type",
    ),
    "billion laughs": (
        with_environment(f'<!DOCTYPE e [<!ENTITY l0 "ha">{LAUGHS}]>' + xml(xml_property("&l9;"))),
        "document type",
    ),
    "deep XML": (with_environment(xml(DEEP_XML * 1000)), "nested too deep|Excessive depth"),
    "huge text in XML": (with_environment(xml(xml_property(random_text(10_500_000)))), "too long"),
    "deep JSON": (
        zipped({**WELL_MADE, "aasx/data.json": "[" * 100_000 + "]" * 100_000}),
        "neither JSON nor XML",
    ),
    "metamodel 1.0": (
        with_environment('<aasenv xmlns="http://www.admin-shell.io/aas/1/0"/>'),
        "is no AAS environment",
    ),
    "no UTF-8": (
        zipped({**WELL_MADE, "aasx/data.json": b'{"submodels":[{"id":"\xff"}]}'}),
        "is neither JSON nor XML",
    ),
    "empty environment": (zipped({**WELL_MADE, "aasx/data.json": b""}), "neither JSON nor XML"),
}


@pytest.mark.parametrize(("body", "reason"), list(HOSTILE.values()), ids=list(HOSTILE))
def test_a_hostile_package_is_refused_with_its_reason(
    tmp_path: Path, body: bytes, reason: str
) -> None:
    file = tmp_path / "package"
    file.write_bytes(body)
    with pytest.raises(BadRequest, match=reason) as refusal:
        read(file)
    assert refusal.value.path


@pytest.mark.parametrize(
    ("limit", "value", "body", "reason"),
    [
        ("MAX_PARTS", 5, zipped(WELL_MADE), "has more than 5 parts"),
        ("MAX_TOTAL", 500, zipped(WELL_MADE), "holds more than 500 bytes"),
        ("MAX_READ", 50, zipped(WELL_MADE), "is larger than 50 bytes"),
        ("_MAX_DIRECTORY", 100, zipped(WELL_MADE), "its list of parts"),
    ],
)
def test_what_is_too_much_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
    body: bytes,
    reason: str,
) -> None:
    monkeypatch.setattr(container, limit, value)
    file = tmp_path / "package"
    file.write_bytes(body)
    with pytest.raises(BadRequest, match=reason):
        read(file)


def test_a_part_that_would_unpack_to_thousands_of_times_its_size_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "package"
    file.write_bytes(with_size(16 * 1024**2))
    with pytest.raises(BadRequest, match="more than 1000 times its size"):
        read(file)


def test_many_parts_that_unpack_to_too_much_together_are_refused(tmp_path: Path) -> None:
    parts = {f"aasx/{number}": bytes(2_000_000) for number in range(40)}
    file = tmp_path / "package"
    file.write_bytes(zipped({**WELL_MADE, **parts}))
    assert file.stat().st_size < 200_000
    with pytest.raises(BadRequest, match="more than 200 times its size"):
        read(file)


def test_a_part_that_is_longer_than_it_says_is_cut_and_found_damaged(tmp_path: Path) -> None:
    file = tmp_path / "package"
    file.write_bytes(with_size(3))
    with pytest.raises(BadRequest, match="is damaged"):
        read(file)


@pytest.mark.parametrize(
    ("parts", "finding"),
    [
        (without("_rels/.rels"), "names no aasx-origin"),
        (without("aasx/files/a.txt"), "is not there"),
        (
            {
                **WELL_MADE,
                "aasx/_rels/aasx-origin.rels": relationships(
                    (SPEC, "/aasx/data.json"), (SPEC, "/aasx/other.json")
                ),
            },
            "is not there",
        ),
        (
            {
                **WELL_MADE,
                "_rels/.rels": relationships(
                    (ORIGIN, "/aasx/aasx-origin"),
                    ("http://example.com/metadata/thumbnail", "http://example.com/a.png"),
                ),
            },
            "is not there",
        ),
    ],
)
def test_what_is_only_odd_is_told_and_the_rest_is_read(
    tmp_path: Path, parts: dict[str, Any], finding: str
) -> None:
    file = tmp_path / "package"
    file.write_bytes(zipped(parts))
    documents, files, findings = read(file)
    assert documents[Kind.SUBMODEL] == [SUBMODEL]
    assert len(files) == ("aasx/files/a.txt" in parts)
    assert [finding in text for text in findings] == [True]


def test_relationships_cannot_lead_out_of_the_package(tmp_path: Path) -> None:
    parts = {
        **WELL_MADE,
        "aasx/_rels/data.json.rels": relationships(
            ("http://admin-shell.io/aasx/relationships/aas-suppl", "../../../../etc/passwd")
        ),
    }
    file = tmp_path / "package"
    file.write_bytes(zipped(parts))
    with read_package(file) as contents:
        assert list(contents.files) == ["/aasx/files/a.txt"]
        assert [each.path for each in contents.findings] == ["/etc/passwd", "/aasx/files/a.txt"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(5, id="a number"),
        pytest.param(None, id="null"),
        pytest.param({}, id="without an id"),
        pytest.param({"modelType": "Submodel", "id": 5}, id="with a number as id"),
        pytest.param({"modelType": "Submodel", "id": ""}, id="with an empty id"),
        pytest.param({"modelType": "Submodel", "id": "urn:\x00"}, id="with a control character"),
        pytest.param(
            {"modelType": "Submodel", "id": "urn:example:long", "idShort": "x" * 1_000_000},
            id="with a huge idShort",
        ),
    ],
)
async def test_one_broken_document_keeps_all_of_a_package_out(
    tmp_path: Path, repository: Repository, broken: Any
) -> None:
    file = tmp_path / "package"
    file.write_bytes(aasx({"submodels": [SUBMODEL, broken]}, {"aasx/files/a.txt": "content"}))
    with read_package(file) as contents, pytest.raises(InvalidDocument):
        await import_contents(repository, contents, actor="test")
    assert await repository.submodels.count() == 0
    assert await repository.file_entries(Kind.SUBMODEL, "urn:example:a") == []


async def test_nesting_of_a_thousand_levels_keeps_a_package_out(
    tmp_path: Path, repository: Repository
) -> None:
    deep: Any = {"modelType": "Property", "idShort": "Leaf", "valueType": "xs:int"}
    for _ in range(300):
        deep = {"modelType": "SubmodelElementCollection", "idShort": "Level", "value": [deep]}
    file = tmp_path / "package"
    file.write_bytes(aasx(environment(submodel("urn:example:deep", deep))))
    with read_package(file) as contents, pytest.raises(InvalidDocument):
        await import_contents(repository, contents, actor="test")
    assert await repository.submodels.count() == 0


async def test_a_damaged_file_keeps_all_of_a_package_out(
    tmp_path: Path, repository: Repository
) -> None:
    body = bytearray(zipped(WELL_MADE))
    name = b"aasx/files/a.txt"
    start = body.rindex(b"PK\x03\x04", 0, body.index(b"PK\x01\x02")) + 30 + len(name)
    body[start] ^= 0xFF
    file = tmp_path / "package"
    file.write_bytes(body)
    with read_package(file) as contents, pytest.raises(BadRequest, match="is damaged"):
        await import_contents(repository, contents, actor="test")
    assert await repository.submodels.count() == 0


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_makes_reading_fail_otherwise_than_by_a_refusal(
    tmp_path: Path, data: st.DataObject
) -> None:
    body = bytearray(zipped(WELL_MADE))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=8)
    ):
        body[place] = value
    del body[data.draw(st.integers(0, len(body))) + 22 :]
    file = tmp_path / "package"
    file.write_bytes(body)
    with suppress(AasError):
        read(file)
