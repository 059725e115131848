"""What the server holds when it is sent generated requests, and sound parts of such requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.clients.documents import (
    ASSET,
    CONCEPT,
    SERIAL_NUMBER,
    SHELL,
    SUBMODEL,
    TECHNICAL_DATA,
    Node,
    concept_description,
    every_element,
    everything,
    global_reference,
    prop,
    shell,
    submodel,
    submodel_reference,
)
from tests.clients.packages import package
from tests.fuzz.bodies import FORM_TYPE, JSON_TYPE, field, file, form
from tests.fuzz.values import encoded, encoded_json
from tests.fuzz.wire import Request

BASE_PATH: Final = "/api/v3"
_FOREIGN_SHELL: Final = "urn:elsewhere:shell"
_FOREIGN_SUBMODEL: Final = "urn:elsewhere:submodel"
_TEMPLATE: Final = "urn:aas-server:smt/template/OperationalData/1/0"
_UNKNOWN: Final = encoded("urn:press-shop:nobody")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the published list."""

    method: str
    path: str
    path_parameters: tuple[str, ...]
    query_parameters: tuple[str, ...]
    schema: str | None
    """Of the body, None without one."""

    @property
    def is_form(self) -> bool:
        """Whether the body is a multipart form with a file."""
        return self.schema is not None and self.schema.startswith("object{")

    @property
    def form_file(self) -> bytes:
        """A file that the operation takes."""
        return PACKAGE if self.path.startswith("/packages") else b"hi"


def operations(shared: Path) -> list[Operation]:
    """Return every distinct method and path of version 3.1.2 and of the 3.2 draft."""
    found: dict[tuple[str, str], Operation] = {}
    for name in ("operations.json", "operations-3.2-draft.json"):
        for row in json.loads((shared / "spec" / name).read_text(encoding="utf-8"))["operations"]:
            content = (row["request_body"] or {"content": {}})["content"]
            found.setdefault(
                (row["method"], row["path"]),
                Operation(
                    row["method"],
                    row["path"],
                    # The document declares some for paths that do not have them.
                    tuple(re.findall(r"{(\w+)}", row["path"])),
                    tuple(each["name"] for each in row["query_params"]),
                    next(iter(content.values()), None),
                ),
            )
    return list(found.values())


SOUND: Final[Mapping[str, tuple[str, ...]]] = {
    "aasIdentifier": (encoded(SHELL), encoded(SHELL), encoded(_FOREIGN_SHELL), _UNKNOWN),
    "submodelIdentifier": (
        encoded(SUBMODEL),
        encoded(SUBMODEL),
        encoded(TECHNICAL_DATA),
        encoded(_FOREIGN_SUBMODEL),
        _UNKNOWN,
    ),
    "cdIdentifier": (encoded(CONCEPT), _UNKNOWN),
    "packageId": (encoded("package"), _UNKNOWN),
    "templateIdentifier": (encoded(_TEMPLATE), _UNKNOWN),
    "handleId": (_UNKNOWN, encoded("1")),
    "idShortPath": (
        "Stroke",
        "Count",
        "Name",
        "Force",
        "Manual",
        "Drawing",
        "Recipe",
        "Vendor",
        "Drives",
        "Limits",
        "Limits.Margin",
        "Ram",
        "Ram.Mass",
        "Stopped",
        "Pressing",
        "Home",
        "Tool",
        "Tool.Serial",
        "Tool.Wear.Edge",
        "Stops",
        "Stops[0]",
        "Stops%5B11%5D",
        "Stops[12]",
        "Stops[99]",
        "Grid[1][0]",
        "Grid[1]",
        "Nothing",
        "Tool.Nothing",
        "NewOne",
    ),
    "limit": ("1", "2", "100", "100000"),
    "cursor": ("",),
    "level": ("core", "deep"),
    "extent": ("withBlobValue", "withoutBlobValue"),
    "idShort": ("Press7", "Everything", "nobody"),
    "semanticId": (
        encoded_json(global_reference("urn:press-shop:template:everything")),
        encoded("urn:press-shop:template:everything"),
    ),
    "assetIds": (
        encoded_json({"name": "globalAssetId", "value": ASSET}),
        encoded_json([SERIAL_NUMBER]),
    ),
    "aasIds": (encoded(SHELL),),
    "submodelIds": (encoded(SUBMODEL),),
    "includeConceptDescriptions": ("true", "false"),
    "date": ("2026-01-01T00:00:00Z", "2126-01-01T00:00:00.5Z"),
    "createdFrom": ("2026-01-01T00:00:00Z",),
    "updatedFrom": ("2026-01-01T00:00:00Z",),
    "assetKind": ("Instance", "Type"),
    "assetType": (encoded("urn:type"),),
    "aasId": (encoded(SHELL),),
    "isCaseOf": (encoded_json(global_reference("urn:press-shop:dictionary:stroke")),),
    "dataSpecificationRef": (encoded_json(global_reference("urn:x")),),
}
"""Well-formed values by parameter, the first of them of something that exists."""


PACKAGE: Final = package(submodel("urn:press-shop:packed", prop("Word", "x")))
"""An AASX package, which holds what the server does not."""
SOUND_FORM: Final = form(field("fileName", b"a.txt"), file(b"hi"))


def endpoint() -> Node:
    """Return where a foreign shell or submodel is served."""
    return {
        "interface": "SUBMODEL-3.1",
        "protocolInformation": {
            "href": "https://elsewhere.example/api/v3/submodels/x",
            "endpointProtocol": "HTTP",
            "endpointProtocolVersion": ["1.1"],
        },
    }


def submodel_descriptor(identifier: str = _FOREIGN_SUBMODEL) -> Node:
    """Return the descriptor of somebody else's submodel."""
    return {"id": identifier, "idShort": "Foreign", "endpoints": [endpoint()]}


def shell_descriptor(identifier: str = _FOREIGN_SHELL) -> Node:
    """Return the descriptor of somebody else's shell."""
    return {
        "id": identifier,
        "idShort": "ForeignShell",
        "assetKind": "Instance",
        "globalAssetId": "urn:elsewhere:asset",
        "endpoints": [endpoint()],
        "submodelDescriptors": [submodel_descriptor()],
    }


def world() -> list[Request]:
    """Return the requests that bring the server to where every round begins."""
    documents = [
        (f"/shells/{encoded(SHELL)}", shell(submodels=(SUBMODEL, TECHNICAL_DATA))),
        (f"/submodels/{encoded(SUBMODEL)}", everything()),
        (
            f"/submodels/{encoded(TECHNICAL_DATA)}",
            submodel(TECHNICAL_DATA, prop("Weight", "7400", "xs:int"), id_short="TechnicalData"),
        ),
        (f"/concept-descriptions/{encoded(CONCEPT)}", concept_description()),
        (f"/shell-descriptors/{encoded(_FOREIGN_SHELL)}", shell_descriptor()),
        (f"/submodel-descriptors/{encoded(_FOREIGN_SUBMODEL)}", submodel_descriptor()),
    ]
    drawing = f"/submodels/{encoded(SUBMODEL)}/submodel-elements/Drawing/attachment"
    return [
        *(_put(path, json.dumps(document).encode()) for path, document in documents),
        Request("PUT", BASE_PATH + drawing, (FORM_TYPE,), SOUND_FORM),
        Request(
            "PUT", f"{BASE_PATH}/packages/{encoded('package')}", (FORM_TYPE,), form(file(PACKAGE))
        ),
    ]


def _put(path: str, body: bytes) -> Request:
    return Request("PUT", BASE_PATH + path, (JSON_TYPE,), body)


def _operation_request(random: Random) -> Node:
    return {
        "inputArguments": [{"value": prop("Speed", str(random.randrange(100)), "xs:int")}],
        "clientTimeoutDuration": "PT1S",
    }


def _instantiation_request(random: Random) -> Node:
    return {
        "id": f"urn:press-shop:made{random.randrange(5)}",
        "mode": random.choice(("minimal", "full")),
        "counts": {"Signals.Signal__00__": random.randrange(3)},
        "values": {"Nothing": 1},
    }


def _value(random: Random) -> Any:
    return random.choice((1.5, "x", True, [1, 2], {"Serial": "T-1"}, [{"en": "Press"}], 7))


def _element(random: Random) -> Node:
    return random.choice([prop("NewOne", "1"), *every_element()])


def _without_value(element: Node) -> Node:
    value_members = ("value", "min", "max", "first", "second", "statements", "annotations")
    return {name: part for name, part in element.items() if name not in value_members}


SAMPLES: Final[Mapping[str, Callable[[Random], Any]]] = {
    "AssetAdministrationShell": lambda _: shell(submodels=(SUBMODEL, TECHNICAL_DATA)),
    "AssetInformation": lambda _: shell()["assetInformation"],
    "Reference": lambda random: submodel_reference(f"urn:submodel:{random.randrange(5)}"),
    "Submodel": lambda random: random.choice((everything, submodel))(SUBMODEL),
    "SubmodelMetadata": lambda _: submodel(SUBMODEL),
    "SubmodelValue": lambda _: {"Stroke": 2.5, "Count": 3, "Tool": {"Serial": "T-2"}},
    "SubmodelElement": _element,
    "SubmodelElementMetadata": lambda random: _without_value(_element(random)),
    "SubmodelElementValue": _value,
    "OperationRequest": _operation_request,
    "OperationRequestAsync": _operation_request,
    "OperationRequestValueOnly": lambda _: {"inputArguments": {"Speed": 5}},
    "OperationRequestAsyncValueOnly": lambda _: {"inputArguments": {"Speed": 5}},
    "ConceptDescription": lambda _: concept_description(),
    "AssetAdministrationShellDescriptor": lambda _: shell_descriptor(),
    "SubmodelDescriptor": lambda _: submodel_descriptor(),
    "array<AssetAdministrationShellDescriptor>": lambda _: [shell_descriptor("urn:bulk:shell")],
    "array<SubmodelDescriptor>": lambda _: [submodel_descriptor("urn:bulk:submodel")],
    "array<string>": lambda _: ["urn:bulk:shell"],
    "array<AssetLink>": lambda _: [SERIAL_NUMBER],
    "array<SpecificAssetId>": lambda _: [SERIAL_NUMBER],
    "Query": lambda _: {"$condition": {"$boolean": True}},
    "InstantiationRequest": _instantiation_request,
    "ValidationRequest": lambda random: random.choice((everything, submodel))(SUBMODEL),
}
"""Sound bodies by the schema that the published operation names."""
