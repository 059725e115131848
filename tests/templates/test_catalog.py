"""Which template a submodel is made after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.tree import Node
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.prototype import Template
from aas_server.templates.reading import read_templates
from tests.templates.published import published_files

ID = "https://example.com/smt/Pump/1/0"


def reference(*values: str, kind: str = "ExternalReference") -> Node:
    return {"type": kind, "keys": [{"type": "GlobalReference", "value": each} for each in values]}


def template(
    identifier: str, semantic_id: str | None = ID, *, id_short: str = "Pump", **administration: str
) -> Template:
    node: Node = {"modelType": "Submodel", "kind": "Template", "id": identifier}
    node |= {"idShort": id_short, "administration": administration}
    if semantic_id is not None:
        node["semanticId"] = reference(semantic_id)
    return Template(node, "test")


def found(catalog: TemplateCatalog, **members: Any) -> tuple[str, str, bool] | None:
    match = catalog.find({"modelType": "Submodel", "id": "urn:instance", **members})
    return None if match is None else (match.template.id, match.by, bool(match.warning))


@pytest.mark.parametrize(
    "semantic_id",
    [
        reference(ID),
        reference(f" {ID}  "),
        reference(f"{ID}/"),
        reference(ID, kind="ModelReference"),
        {"type": "ModelReference", "keys": [{"type": "Submodel", "value": ID}]},
    ],
)
def test_a_template_is_found_by_the_semantic_id_however_it_is_written(semantic_id: Node) -> None:
    catalog = TemplateCatalog([template("urn:t"), template("urn:other", "urn:x")])
    assert found(catalog, semanticId=semantic_id) == ("urn:t", "semanticId", False)


def test_eclass_ids_are_found_as_irdi_and_as_iri() -> None:
    catalog = TemplateCatalog([template("urn:t", "0173-1#01-AHX837#002")])
    iri = reference("https://api.eclass-cdp.com/0173-1-01-AHX837-002")
    assert found(catalog, semanticId=iri) == ("urn:t", "semanticId", False)


def test_without_a_semantic_id_the_template_id_counts() -> None:
    catalog = TemplateCatalog([template("urn:t", None, templateId="urn:idta-1")])
    for named in ("urn:t", "urn:idta-1"):
        administration = {"templateId": named}
        assert found(catalog, administration=administration) == ("urn:t", "templateId", False)
    assert found(catalog, semanticId=reference("urn:t")) == ("urn:t", "alias", False)
    assert found(catalog) is None
    by_name = found(catalog, idShort="Pump")
    assert by_name == ("urn:t", "idShort", True)
    assert found(catalog, idShort="Pump", semanticId=reference("urn:else")) is None


def test_of_several_with_one_semantic_id_the_named_one_is_taken_then_the_newest() -> None:
    catalog = TemplateCatalog(
        [
            template("urn:t/1", version="1", revision="9", id_short="First"),
            template("urn:t/2", version="1", revision="10", id_short="Second"),
        ]
    )
    semantic_id = reference(ID)
    assert found(catalog, semanticId=semantic_id) == ("urn:t/2", "semanticId", True)
    named = {"administration": {"templateId": "urn:t/1"}, "semanticId": semantic_id}
    assert found(catalog, **named) == ("urn:t/1", "semanticId", False)
    assert found(catalog, semanticId=semantic_id, idShort="First") == (
        "urn:t/1",
        "semanticId",
        False,
    )
    assert [each.id for each in catalog.about(f"{ID}/")] == ["urn:t/2", "urn:t/1"]


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ("https://example.com/smt/Pump/1/0", "https://example.com/smt/Pump/1/1"),
        ("https://example.com/smt/Pump/1/0", "https://example.com/smt/pump/1/0"),
        ("0173-1#01-AHX837#002", "0173-1#01-AHX837#003"),
    ],
)
def test_another_version_is_found_with_a_warning(known: str, wanted: str) -> None:
    catalog = TemplateCatalog([template("urn:t", known)])
    by = "semanticId without its version"
    assert found(catalog, semanticId=reference(wanted)) == ("urn:t", by, True)


def test_a_supplemental_semantic_id_is_good_enough() -> None:
    catalog = TemplateCatalog([template("urn:t")])
    members = {"semanticId": reference("urn:mine"), "supplementalSemanticIds": [reference(ID)]}
    assert found(catalog, **members) == ("urn:t", "supplementalSemanticIds", False)


def test_a_template_that_is_added_again_stands_in_the_place_of_the_first() -> None:
    catalog = TemplateCatalog([template("urn:t"), template("urn:t", "urn:new")])
    assert found(catalog, semanticId=reference(ID)) is None
    assert found(catalog, semanticId=reference("urn:new")) is not None
    catalog.remove("urn:t")
    assert (list(catalog), found(catalog, semanticId=reference("urn:new"))) == ([], None)
    with pytest.raises(NotFound, match="urn:t"):
        catalog.get("urn:t")


def test_every_published_template_finds_itself(catalog: TemplateCatalog) -> None:
    assert len(catalog) > 60
    for each in catalog:
        match = catalog.find({**each.node, "kind": "Instance", "id": "urn:instance"})
        assert match is not None
        assert match.template.ids == each.ids
        assert match.template.id_short == each.id_short


@pytest.mark.parametrize("suffix", [".json", ".aasx"])
def test_every_published_file_is_read_and_every_qualifier_understood(
    shared_dir: Path, suffix: str
) -> None:
    faults = [
        fault.code
        for file in published_files(shared_dir, suffix)
        for each in read_templates(file)[0]
        for prototype in each.walk()
        for fault in prototype.rules.faults
    ]
    assert faults == ["no-either-or"] * 2


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}", "holds no submodel"),
        (b'{"submodels": [5]}', "is no submodel"),
        (b'{"submodels": [{"modelType": "Submodel"}]}', "is no submodel"),
        (b"nonsense", "neither JSON nor XML"),
    ],
)
def test_a_file_without_a_template_is_refused(tmp_path: Path, body: bytes, text: str) -> None:
    file = tmp_path / "template.json"
    file.write_bytes(body)
    with pytest.raises(BadRequest, match=text):
        read_templates(file)
    with pytest.raises(BadRequest, match="cannot read it"):
        read_templates(tmp_path / "missing.json")
