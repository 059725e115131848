"""Writes the documents of the four machines: ``python -m examples.plant.build_model``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aas_server.templates.authoring.compiling import to_text
from examples.plant.model.tables.job_control import job_control
from examples.plant.model.tables.machine import NAMESPACE, Machine
from examples.plant.model.tables.mill import MILL
from examples.plant.model.tables.moulder import MOULDER
from examples.plant.model.tables.packer import PACKER
from examples.plant.model.tables.robot import ROBOT
from submodels import build
from submodels.documents import Json, administration, lang_strings, reference_to
from submodels.instances import instance, maker
from submodels.values import Text, Value, live

FOLDER: Final = Path(__file__).resolve().with_name("model")

MACHINES: Final = (MILL, ROBOT, MOULDER, PACKER)

_SERIAL_NUMBER_ID: Final = "0112/2///61987#ABA951#009"
_MANUFACTURER_ID: Final = "0112/2///61987#ABA565#009"
_NAMEPLATE: Final = "IDTA/02006_DigitalNameplate"
_PIECES: Final = ("ProducedQuantity", "GoodQuantity", "ScrapQuantity")


def files() -> dict[str, str]:
    """Return the content of every generated file by its name in the model folder."""
    environments = {machine.key: _environment(machine) for machine in MACHINES}
    submodels = [
        submodel for document in environments.values() for submodel in document["submodels"]
    ]
    used = build.used_concepts(build.own_concepts(), submodels)
    environments["concepts"] = {"conceptDescriptions": used}
    return {f"{name}.json": to_text(document) for name, document in environments.items()}


def _environment(machine: Machine) -> Json:
    submodels = [
        _submodel(machine, _NAMEPLATE, Text("Nameplate of", "Typenschild:"), _nameplate(machine)),
        _submodel(
            machine,
            "OperationalData",
            Text("Operational data of", "Betriebsdaten:"),
            _operational_data(machine),
        ),
        _submodel(
            machine,
            "Maintenance",
            Text("Maintenance of", "Instandhaltung:"),
            _maintenance(machine),
        ),
        _submodel(machine, "Quality", Text("Quality of", "Qualität:"), _quality(machine)),
        job_control(machine),
    ]
    ids = [submodel["id"] for submodel in submodels]
    return {"assetAdministrationShells": [_shell(machine, ids)], "submodels": submodels}


def _shell(machine: Machine, submodel_ids: list[str]) -> Json:
    specific = (
        ("serialNumber", machine.product.serial_number, _SERIAL_NUMBER_ID),
        ("manufacturer", machine.maker.short_name, _MANUFACTURER_ID),
    )
    return {
        "modelType": "AssetAdministrationShell",
        "id": f"{NAMESPACE}:shell:{machine.key}",
        "idShort": machine.id_short,
        "displayName": lang_strings(machine.name.by_language()),
        "description": lang_strings(machine.description.by_language()),
        "administration": administration(),
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": f"{NAMESPACE}:asset:{machine.key}",
            "specificAssetIds": [
                {"name": name, "value": value, "semanticId": reference_to(("GlobalReference", key))}
                for name, value, key in specific
            ],
        },
        "submodels": [reference_to(("Submodel", key)) for key in submodel_ids],
    }


def _submodel(machine: Machine, template: str, kind: Text, values: Mapping[str, Value]) -> Json:
    name = Text(f"the {machine.name.en.lower()}", machine.name.de)
    description = Text(f"{kind.en} {name.en}.", f"{kind.de} {name.de}.")
    id_short = maker(template).template.id_short
    return instance(template, f"{NAMESPACE}:{machine.key}:{id_short}", description, values)


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
