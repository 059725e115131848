"""Writes the documents of the four machines: ``python -m examples.plant.build_model``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from examples.plant.model.tables.job_control import job_control
from examples.plant.model.tables.machine import NAMESPACE, Machine
from examples.plant.model.tables.mill import MILL
from examples.plant.model.tables.moulder import MOULDER
from examples.plant.model.tables.nameplate import MANUFACTURER_ID, NAMEPLATE, SERIAL_NUMBER_ID
from examples.plant.model.tables.packer import PACKER
from examples.plant.model.tables.robot import ROBOT
from submodels import build
from submodels.authoring.concepts import concept_descriptions, used_concepts
from submodels.authoring.declaration import Template, Text
from submodels.authoring.documents import Json, administration, lang_strings, reference, to_text
from submodels.authoring.instance import instance
from submodels.authoring.values import Reference, Value, live
from submodels.definitions import maintenance, operational_data, quality

FOLDER: Final = Path(__file__).resolve().with_name("model")

MACHINES: Final = (MILL, ROBOT, MOULDER, PACKER)

_PIECES: Final = ("ProducedQuantity", "GoodQuantity", "ScrapQuantity")


def files() -> dict[str, str]:
    """Return the content of every generated file by its name in the model folder."""
    environments = {machine.key: _environment(machine) for machine in MACHINES}
    used = used_concepts(build.concepts(), environments.values())
    environments["concepts"] = {"conceptDescriptions": concept_descriptions(used)}
    return {f"{name}.json": to_text(document) for name, document in environments.items()}


def _environment(machine: Machine) -> Json:
    submodels = [
        _submodel(machine, NAMEPLATE, Text("Nameplate of", "Typenschild:"), _nameplate(machine)),
        _submodel(
            machine,
            operational_data.TEMPLATE,
            Text("Operational data of", "Betriebsdaten:"),
            _operational_data(machine),
        ),
        _submodel(
            machine,
            maintenance.TEMPLATE,
            Text("Maintenance of", "Instandhaltung:"),
            _maintenance(machine),
        ),
        _submodel(machine, quality.TEMPLATE, Text("Quality of", "Qualität:"), _quality(machine)),
        job_control(machine),
    ]
    ids = [submodel["id"] for submodel in submodels]
    return {"assetAdministrationShells": [_shell(machine, ids)], "submodels": submodels}


def _shell(machine: Machine, submodel_ids: list[str]) -> Json:
    specific = (
        ("serialNumber", machine.product.serial_number, SERIAL_NUMBER_ID),
        ("manufacturer", machine.maker.short_name, MANUFACTURER_ID),
    )
    return {
        "modelType": "AssetAdministrationShell",
        "id": f"{NAMESPACE}:shell:{machine.key}",
        "idShort": machine.id_short,
        "displayName": lang_strings(machine.name),
        "description": lang_strings(machine.description),
        "administration": administration(),
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": f"{NAMESPACE}:asset:{machine.key}",
            "specificAssetIds": [
                {"name": name, "value": value, "semanticId": reference(semantic_id)}
                for name, value, semantic_id in specific
            ],
        },
        "submodels": [reference(Reference((("Submodel", key),))) for key in submodel_ids],
    }


def _submodel(
    machine: Machine, template: Template, kind: Text, values: Mapping[str, Value]
) -> Json:
    name = Text(f"the {machine.name.en.lower()}", machine.name.de)
    description = Text(f"{kind.en} {name.en}.", f"{kind.de} {name.de}.")
    return instance(template, f"{NAMESPACE}:{machine.key}:{template.id_short}", description, values)


def _nameplate(machine: Machine) -> dict[str, Value]:
    maker, product = machine.maker, machine.product
    return {
        "URIOfTheProduct": f"{maker.site}/{product.serial_number}",
        "ManufacturerName": maker.name,
        "ManufacturerProductDesignation": product.designation,
        "AddressInformation": {
            "Street": maker.street,
            "Zipcode": maker.zipcode,
            "CityTown": maker.city,
            "NationalCode": {"en": maker.country},
        },
        "ManufacturerProductFamily": product.family,
        "ManufacturerProductType": product.type,
        "OrderCodeOfManufacturer": product.order_code,
        "SerialNumber": product.serial_number,
        "YearOfConstruction": product.made_on[:4],
        "DateOfManufacture": product.made_on,
        "SoftwareVersion": product.software_version,
        "CountryOfOrigin": maker.country,
    }


def _operational_data(machine: Machine) -> dict[str, Value]:
    return {
        "State": live(
            "OperatingState",
            "OperatingMode",
            "StateSince",
            "ActiveProgram",
            "ActiveOrder",
            "ConditionStatus",
        ),
        "Signals": machine.signals,
        "Counters": live("OperatingHours", "CycleCount", *_PIECES),
    }


def _maintenance(machine: Machine) -> dict[str, Value]:
    return {
        "Counters": live("OperatingHours", "CyclesSinceService", "WearIndicator"),
        "Schedule": machine.schedule,
        "ExecutedWork": machine.executed_work,
    }


def _quality(machine: Machine) -> dict[str, Value]:
    return {
        "Yields": live(*_PIECES, "FirstPassYield"),
        "Characteristics": machine.characteristics,
        "Defects": machine.defects,
    }


def main() -> None:
    """Write the files."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
