"""Shells, submodels and descriptors that the registry tests share."""

from __future__ import annotations

from typing import Any

from aas_server.metamodel.tree import Node

URL = "https://plant.example/api/v3"


def external(value: str) -> Node:
    keys = [{"type": "GlobalReference", "value": value}]
    return {"type": "ExternalReference", "keys": keys}


def to_submodel(submodel_id: str) -> Node:
    return {"type": "ModelReference", "keys": [{"type": "Submodel", "value": submodel_id}]}


def shell(
    identifier: str,
    *,
    submodels: tuple[str, ...] = (),
    kind: str = "Instance",
    links: dict[str, str] | None = None,
    asset: str | None = None,
    **attributes: Any,
) -> Node:
    information: Node = {"assetKind": kind, "globalAssetId": asset or f"{identifier}:asset"}
    if links:
        information["specificAssetIds"] = [
            {"name": name, "value": value} for name, value in links.items()
        ]
    tree = {
        "modelType": "AssetAdministrationShell",
        "id": identifier,
        "assetInformation": information,
        **attributes,
    }
    if submodels:
        tree["submodels"] = [to_submodel(each) for each in submodels]
    return tree


def submodel(identifier: str, **attributes: Any) -> Node:
    return {"modelType": "Submodel", "id": identifier, **attributes}


def endpoint(href: str, interface: str = "SUBMODEL-3.0") -> Node:
    return {"interface": interface, "protocolInformation": {"href": href}}


def shell_descriptor(identifier: str, **attributes: Any) -> Node:
    return {
        "id": identifier,
        "endpoints": [endpoint("http://elsewhere.example/shells/x", "AAS-3.0")],
        **attributes,
    }


def submodel_descriptor(identifier: str, **attributes: Any) -> Node:
    return {
        "id": identifier,
        "endpoints": [endpoint("http://elsewhere.example/submodels/x")],
        **attributes,
    }
