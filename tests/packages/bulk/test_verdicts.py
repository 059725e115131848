"""Verdicts on documents: what is taken, what is refused, and what trust leaves out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zstandard import decompress

from aas_server.packages.bulk.verdicts import Checker, Manner, Unchecked, Verdict
from aas_server.store.protocol import Kind
from tests.packages.packages import file_element, shell, submodel

PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "1.0"}
HEAVY = submodel("urn:a", PROPERTY | {"value": "heavy"})
STRICT, TRUSTED = Manner(strict=True), Manner(trusted=True)


def verdict(
    tree: Any, manner: Manner = STRICT, *, kind: Kind = Kind.SUBMODEL, is_packaged: bool = False
) -> Verdict:
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    (found,) = Checker(manner).verdicts([Unchecked(kind, "/aasx/data.json", body, is_packaged)])
    return found


def test_a_valid_document_is_taken_in_the_normal_form() -> None:
    found = verdict(submodel("urn:a", PROPERTY | {"category": None}))
    assert found.id == "urn:a"
    assert (
        decompress(found.packed)
        == json.dumps(submodel("urn:a", PROPERTY), separators=(",", ":")).encode()
    )
    assert [(each.code, each.part) for each in found.findings] == [("lifted", "/aasx/data.json")]


def test_trust_leaves_constraints_out() -> None:
    (error,) = verdict(HEAVY).errors
    assert error.path == "Submodel 'urn:a' submodelElements[0].value"
    found = verdict(HEAVY, TRUSTED)
    assert (found.errors, found.findings) == ((), ())
    assert json.loads(decompress(found.packed)) == HEAVY


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        (5, "Submodel None"),
        ({"id": "urn:a"}, "Submodel 'urn:a' modelType"),
        ({"modelType": "Submodel"}, "Submodel None id"),
        (submodel(""), "Submodel '' id"),
        (submodel("x" * 2049), f"Submodel '{'x' * 2049}' id"),
        (submodel("urn:\x00"), "Submodel 'urn:\\x00' id"),
        (shell("urn:a"), "Submodel 'urn:a' modelType"),
        (
            submodel("urn:a", {"modelType": "Property"}),
            "Submodel 'urn:a' submodelElements[0].idShort",
        ),
        (submodel("urn:a", PROPERTY | {"value": 5}), "Submodel 'urn:a' submodelElements[0].value"),
    ],
)
def test_trust_does_not_let_in_what_could_not_be_served(tree: Any, path: str) -> None:
    found = verdict(tree, TRUSTED)
    assert found.errors[0].path == path
    assert found.packed == b""


@pytest.mark.parametrize("manner", [STRICT, TRUSTED])
@pytest.mark.parametrize("value", [2**70, "deep"])
def test_what_cannot_be_written_is_refused(manner: Manner, value: Any) -> None:
    reference: Any = {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": "a"}],
    }
    if value == "deep":
        for _ in range(300):
            reference = {**reference, "referredSemanticId": reference}
        tree = submodel("urn:a", PROPERTY | {"semanticId": reference})
    else:
        tree = {**submodel("urn:a"), "category": value}
    assert verdict(tree, manner).errors


def test_what_is_no_json_is_told_so() -> None:
    assert verdict(b'{"id": "a",}').malformed == (
        "JSON is malformed: trailing comma in object (byte 11)"
    )
    assert "utf-8" in verdict(b'{"id": "\xff"}').malformed
    assert verdict(b"[" * 5000 + b"]" * 5000).malformed


@pytest.mark.parametrize("manner", [STRICT, TRUSTED])
def test_files_are_named_for_packages_only(manner: Manner) -> None:
    tree = submodel("urn:a", PROPERTY, file_element("Manual", "/aasx/a.txt", "text/plain"))
    assert verdict(tree, manner).named == ()
    assert verdict(tree, manner, is_packaged=True).named == (("/aasx/a.txt", "text/plain"),)
    tree = shell("urn:b", defaultThumbnail={"path": "/b.png", "contentType": "image/png"})
    found = verdict(tree, manner, kind=Kind.SHELL, is_packaged=True)
    assert found.named == (("/b.png", "image/png"),)


@pytest.mark.parametrize("thumbnail", [5, {"path": 5}, {"path": "/b.png", "contentType": 5}])
def test_trusted_documents_may_name_files_oddly(thumbnail: Any) -> None:
    tree = shell("urn:b", defaultThumbnail=thumbnail)
    found = verdict(tree, TRUSTED, kind=Kind.SHELL, is_packaged=True)
    assert found.named in ((), (("/b.png", None),))
