"""Packages made part by part, well or badly, and what is expected to be in them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aas_server.metamodel.tree import Node
from aas_server.packages.reader import read_package
from aas_server.store.protocol import Kind

ORIGIN = "http://admin-shell.io/aasx/relationships/aasx-origin"
SPEC = "http://admin-shell.io/aasx/relationships/aas-spec"
SUPPLEMENT = "http://admin-shell.io/aasx/relationships/aas-suppl"
NAMESPACE_3_1 = "https://admin-shell.io/aas/3/1"
NAMESPACE_3_0 = "https://admin-shell.io/aas/3/0"

Content = str | bytes


def relationships(*targets: tuple[str, str]) -> str:
    links = "".join(
        f'<Relationship Type="{kind}" Target="{target}" Id="R{number}"/>'
        for number, (kind, target) in enumerate(targets)
    )
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<?xml version="1.0"?><Relationships xmlns="{namespace}">{links}</Relationships>'


def parts_of(
    environment: Content | Any, files: Mapping[str, Content] | None = None
) -> dict[str, Content]:
    """Return the parts of a well-made package."""
    files = files or {}
    is_xml = isinstance(environment, str | bytes)
    name = "aasx/data.xml" if is_xml else "aasx/data.json"
    return {
        "_rels/.rels": relationships((ORIGIN, "/aasx/aasx-origin")),
        "aasx/aasx-origin": "",
        "aasx/_rels/aasx-origin.rels": relationships((SPEC, f"/{name}")),
        f"aasx/_rels/{name.split('/')[1]}.rels": relationships(
            *((SUPPLEMENT, f"/{part}") for part in files)
        ),
        name: environment if is_xml else json.dumps(environment),
        **files,
    }


def zipped(parts: Mapping[str, Content] | Iterable[tuple[str | zipfile.ZipInfo, Content]]) -> bytes:
    """Return a zip file; a sequence of pairs may have the same name twice."""
    pairs = parts.items() if isinstance(parts, Mapping) else parts
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return body.getvalue()


def aasx(environment: Any, files: Mapping[str, Content] | None = None) -> bytes:
    return zipped(parts_of(environment, files))


def submodel(identifier: str, *elements: Node) -> Node:
    tree: Node = {"modelType": "Submodel", "id": identifier}
    return {**tree, "submodelElements": list(elements)} if elements else tree


def shell(identifier: str, **asset: Any) -> Node:
    return {
        "modelType": "AssetAdministrationShell",
        "id": identifier,
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": "urn:example:asset",
            **asset,
        },
    }


def file_element(id_short: str, value: str, content_type: str = "text/plain") -> Node:
    return {
        "modelType": "File",
        "idShort": id_short,
        "contentType": content_type,
        "value": value,
    }


def environment(*documents: Node) -> Node:
    names = {
        "AssetAdministrationShell": "assetAdministrationShells",
        "Submodel": "submodels",
        "ConceptDescription": "conceptDescriptions",
    }
    found: Node = {}
    for document in documents:
        found.setdefault(names[document["modelType"]], []).append(document)
    return found


def xml(elements: str, namespace: str = NAMESPACE_3_1) -> str:
    return (
        f'<environment xmlns="{namespace}"><submodels><submodel><id>urn:example:xml</id>'
        f"<submodelElements>{elements}</submodelElements></submodel></submodels></environment>"
    )


def xml_property(value: str) -> str:
    return (
        "<property><idShort>Word</idShort><valueType>xs:string</valueType>"
        f"<value>{value}</value></property>"
    )


def read(file: Path) -> tuple[dict[Kind, list[Node]], dict[str, bytes], list[str]]:
    """Return documents, files and the findings' texts of a package."""
    with read_package(file) as contents:
        files = {}
        for name, part in contents.files.items():
            with part.open() as opened:
                files[name] = opened.read()
        return contents.documents, files, [each.text for each in contents.findings]
