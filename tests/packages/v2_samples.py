"""Environments of metamodel 2.0 with every class that it has, as XML and as JSON, made by hand."""

from __future__ import annotations

from typing import Any

NAMESPACE = "http://www.admin-shell.io/aas/2/0"
SHELL = "https://example.com/shells/pump"
ASSET = "https://example.com/assets/pump-17"
SUBMODEL = "https://example.com/submodels/pump"
BILL = "https://example.com/submodels/bill"
CONCEPT = "0173-1#02-AAM556#002"


def key(kind: str, value: str, id_type: str = "IRI") -> dict[str, Any]:
    return {"type": kind, "idType": id_type, "value": value, "local": True}


def ref(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"keys": list(keys)}


def element(model_type: str, id_short: str, **members: Any) -> dict[str, Any]:
    return {"modelType": {"name": model_type}, "idShort": id_short, "kind": "Instance", **members}


def identified(model_type: str, identifier: str, id_short: str, **members: Any) -> dict[str, Any]:
    id_type = "IRDI" if identifier.startswith("0173") else "IRI"
    identification = {"id": identifier, "idType": id_type}
    return {
        "modelType": {"name": model_type},
        "idShort": id_short,
        "identification": identification,
        **members,
    }


def environment(*elements: Any, **lists: Any) -> dict[str, Any]:
    """Return an environment of 2.0 with one submodel with ``elements``."""
    submodel = identified("Submodel", SUBMODEL, "Pump", submodelElements=list(elements))
    return {
        "assetAdministrationShells": [],
        "assets": [],
        "submodels": [submodel],
        "conceptDescriptions": [],
        **lists,
    }


OF_PRESSURE = ref(key("Submodel", SUBMODEL), key("Property", "Pressure", "IdShort"))
OF_BOLT = ref(key("Submodel", BILL), key("Entity", "Bolt", "IdShort"))
NAMED = ref(key("ConceptDescription", CONCEPT, "IRDI"))

ELEMENTS: list[dict[str, Any]] = [
    element(
        "Property",
        "Pressure",
        category="VARIABLE",
        description=[{"language": "en", "text": "of the pump"}],
        parent=ref(key("Submodel", SUBMODEL)),
        semanticId=NAMED,
        qualifiers=[
            {
                "modelType": {"name": "Qualifier"},
                "type": "Unit",
                "valueType": "string",
                "value": "bar",
                "semanticId": ref(key("GlobalReference", "urn:example:unit")),
            },
            {"modelType": {"name": "Formula"}, "dependsOn": [OF_BOLT]},
        ],
        valueType="double",
        value="4.20",
        valueId=ref(key("GlobalReference", "0173-1#07-AAA111#001", "IRDI")),
    ),
    element(
        "MultiLanguageProperty",
        "Name",
        value=[{"language": "de", "text": "Pumpe"}, {"language": "en", "text": "pump"}],
    ),
    element("Range", "Limits", valueType="int", min="1", max="9"),
    element("Blob", "Icon", mimeType="image/png", value="AAEC"),
    element("File", "Manual", mimeType="application/pdf", value="/aasx/files/manual.pdf"),
    element("ReferenceElement", "See", value=OF_PRESSURE),
    element("RelationshipElement", "Joins", first=OF_PRESSURE, second=OF_BOLT),
    element(
        "AnnotatedRelationshipElement",
        "Bears",
        first=OF_PRESSURE,
        second=ref(key("GlobalReference", "urn:example:wall")),
        annotation=[element("Property", "Torque", valueType="xs:float", value="1.5")],
    ),
    element("Capability", "Pumping"),
    element(
        "Entity",
        "Bolt",
        entityType="SelfManagedEntity",
        asset=ref(key("Asset", "urn:example:bolt")),
        statements=[element("Property", "Count", valueType="unsignedInt", value="4")],
    ),
    element(
        "Operation",
        "Start",
        inputVariable=[{"value": element("Property", "Speed", valueType="integer")}],
        outputVariable=[{"value": element("Property", "Done", valueType="boolean")}],
        inoutputVariable=[{"value": element("Capability", "Mode")}],
    ),
    element("BasicEvent", "Changed", observed=OF_PRESSURE),
    element(
        "SubmodelElementCollection",
        "Steps",
        ordered=True,
        allowDuplicates=False,
        value=[
            element("Property", "First", valueType="anyURI", value="urn:example:1"),
            element(
                "SubmodelElementCollection",
                "Second",
                ordered=False,
                allowDuplicates=False,
                value=[element("Property", "Inner", valueType="string")],
            ),
        ],
    ),
]

IEC61360 = {
    "preferredName": [{"language": "en", "text": "pressure"}],
    "shortName": [{"language": "en", "text": "p"}],
    "unit": "bar",
    "unitId": ref(key("GlobalReference", "0173-1#05-AAA153#003", "IRDI")),
    "sourceOfDefinition": "example",
    "symbol": "p",
    "dataType": "REAL_MEASURE",
    "definition": [{"language": "en", "text": "force on an area"}],
    "valueFormat": "NR2",
    "levelType": ["Min", "Max"],
    "valueList": {
        "valueReferencePairTypes": [
            {"value": "low", "valueId": ref(key("GlobalReference", "urn:example:low"))}
        ]
    },
}

JSON: dict[str, Any] = {
    "assetAdministrationShells": [
        identified(
            "AssetAdministrationShell",
            SHELL,
            "PumpShell",
            administration={"version": "1", "revision": "2"},
            derivedFrom=ref(key("AssetAdministrationShell", "urn:example:type")),
            asset=ref(key("Asset", ASSET)),
            submodels=[ref(key("Submodel", SUBMODEL))],
            views=[
                {
                    "modelType": {"name": "View"},
                    "idShort": "ForOperators",
                    "containedElements": [OF_PRESSURE],
                }
            ],
            conceptDictionaries=[
                {
                    "modelType": {"name": "ConceptDictionary"},
                    "idShort": "Words",
                    "conceptDescriptions": [NAMED],
                }
            ],
        )
    ],
    "assets": [
        identified(
            "Asset",
            ASSET,
            "Pump17",
            kind="Instance",
            billOfMaterial=ref(key("Submodel", BILL)),
        )
    ],
    "submodels": [
        identified(
            "Submodel",
            SUBMODEL,
            "Pump",
            kind="Instance",
            semanticId=ref(key("GlobalReference", "urn:example:pump")),
            submodelElements=ELEMENTS,
        ),
        identified("Submodel", BILL, "Bill", kind="Template"),
    ],
    "conceptDescriptions": [
        identified(
            "ConceptDescription",
            CONCEPT,
            "Pressure",
            category="PROPERTY",
            isCaseOf=[ref(key("GlobalReference", "urn:example:case"))],
            embeddedDataSpecifications=[
                {
                    "dataSpecification": ref(
                        key(
                            "GlobalReference",
                            "http://admin-shell.io/DataSpecificationTemplates/"
                            "DataSpecificationIEC61360/2/0",
                        )
                    ),
                    "dataSpecificationContent": IEC61360,
                }
            ],
        )
    ],
}

_TAGS = {
    "qualifiers": "qualifier",
    "embeddedDataSpecifications": "embeddedDataSpecification",
    "annotation": "annotations",
}
_REFERENCES = {
    "assetAdministrationShells": {"asset": "assetRef", "submodels": "submodelRefs"},
    "assets": {"billOfMaterial": "billOfMaterialRef"},
    "entity": {"asset": "assetRef"},
}
_ITEMS = {
    "submodelRefs": "submodelRef",
    "views": "view",
    "containedElements": "containedElementRef",
    "conceptDictionaries": "conceptDictionary",
    "conceptDescriptionRefs": "conceptDescriptionRef",
}
_DOCUMENTS = {
    "assetAdministrationShells": "assetAdministrationShell",
    "assets": "asset",
    "submodels": "submodel",
    "conceptDescriptions": "conceptDescription",
}
_HOLDERS = ("submodelElements", "statements", "annotations")


def xml_of(environment: dict[str, Any], namespace: str = NAMESPACE) -> str:
    """Return an environment of 2.0 in its XML, whose names differ from those of its JSON."""
    lists = "".join(
        f"<a:{name}>"
        + "".join(_tag(_DOCUMENTS[name], _members(each, name)) for each in documents)
        + f"</a:{name}>"
        for name, documents in environment.items()
    )
    return (
        f'<?xml version="1.0"?>\n<a:aasenv xmlns:a="{namespace}" '
        f'xmlns:i="http://www.admin-shell.io/IEC61360/2/0">{lists}</a:aasenv>'
    )


def _tag(name: str, body: str, attributes: str = "") -> str:
    return f"<a:{name}{attributes}>{body}</a:{name}>"


def _members(node: dict[str, Any], kind: str = "") -> str:
    renamed = _REFERENCES.get(kind, {})
    return "".join(
        _member(renamed.get(name, _TAGS.get(name, name)), value)
        for name, value in node.items()
        if name != "modelType"
    )


def _member(name: str, value: Any) -> str:
    if name == "identification":
        return _tag(name, value["id"], f' idType="{value["idType"]}"')
    if name == "dataSpecificationContent":
        return _tag(name, _tag("dataSpecificationIEC61360", _members(value)).replace("a:", "i:"))
    if isinstance(value, list):
        return _array({"conceptDescriptions": "conceptDescriptionRefs"}.get(name, name), value)
    if isinstance(value, dict):
        return _tag(name, _element(value) if "modelType" in value else _members(value))
    return _tag(name, str(value).lower() if isinstance(value, bool) else value)


def _array(name: str, values: list[Any]) -> str:
    if name == "qualifier":
        return "".join(_tag(name, _tag(*_constraint(each))) for each in values)
    if name == "keys":
        return _tag(name, "".join(map(_key, values)))
    if name in _ITEMS:
        return _tag(name, "".join(_tag(_ITEMS[name], _members(each)) for each in values))
    if name in _HOLDERS or (name == "value" and "modelType" in values[0]):
        wrapper = "dataElement" if name == "annotations" else "submodelElement"
        return _tag(name, "".join(_tag(wrapper, _element(each)) for each in values))
    if "language" in values[0]:
        return _tag(name, "".join(map(_lang_string, values)))
    tag = {"valueReferencePairTypes": "valueReferencePair"}.get(name, name)
    return "".join(_tag(tag, _members(each) if isinstance(each, dict) else each) for each in values)


def _lang_string(node: dict[str, Any]) -> str:
    return _tag("langString", node["text"], f' lang="{node["language"]}"')


def _element(node: dict[str, Any]) -> str:
    kind = node["modelType"]["name"]
    tag = kind[0].lower() + kind[1:]
    return _tag(tag, _members(node, tag))


def _constraint(node: dict[str, Any]) -> tuple[str, str]:
    if node["modelType"]["name"] == "Formula":
        references = "".join(_tag("reference", _members(each)) for each in node["dependsOn"])
        return "formula", _tag("dependsOnRefs", references)
    return "qualifier", _members(node)


def _key(node: dict[str, Any]) -> str:
    local = str(node["local"]).lower()
    attributes = f' type="{node["type"]}" idType="{node["idType"]}" local="{local}"'
    return _tag("key", node["value"], attributes)
