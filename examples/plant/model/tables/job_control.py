"""What can be asked of every machine: the submodel JobControl, for which nobody publishes a
template.
"""

from __future__ import annotations

from typing import Final

from examples.plant.model.tables.machine import NAMESPACE, Machine
from submodels.documents import Json, administration, lang_strings, reference_to
from submodels.values import Text

ID_SHORT: Final = "JobControl"
_SEMANTICS: Final = f"{NAMESPACE}:semantics:{ID_SHORT}"


def job_control(machine: Machine) -> Json:
    """Return the submodel of ``machine``; the plant file says which method carries it out."""
    name = Text(f"the {machine.name.en.lower()}", machine.name.de)
    return {
        "modelType": "Submodel",
        "kind": "Instance",
        "id": f"{NAMESPACE}:{machine.key}:{ID_SHORT}",
        "idShort": ID_SHORT,
        "displayName": lang_strings({"en": "Job control", "de": "Auftragssteuerung"}),
        "description": lang_strings(
            {"en": f"Orders for {name.en}.", "de": f"Aufträge: {name.de}."}
        ),
        "administration": administration(),
        "semanticId": reference_to(("GlobalReference", _SEMANTICS)),
        "submodelElements": [_START_ORDER],
    }


def _variable(id_short: str, value_type: str, text: Text, value: str | None = None) -> Json:
    element: Json = {
        "modelType": "Property",
        "idShort": id_short,
        "description": lang_strings(text.by_language()),
        "semanticId": reference_to(("GlobalReference", f"{_SEMANTICS}:{id_short}")),
        "valueType": value_type,
    }
    return {"value": element if value is None else {**element, "value": value}}


_START_ORDER: Final[Json] = {
    "modelType": "Operation",
    "idShort": "StartOrder",
    "displayName": lang_strings({"en": "Start an order", "de": "Auftrag starten"}),
    "description": lang_strings(
        {
            "en": "The machine finishes what it is doing, changes over and makes the order.",
            "de": "Die Maschine beendet ihre Arbeit, rüstet um und fertigt den Auftrag.",
        }
    ),
    "semanticId": reference_to(("GlobalReference", f"{_SEMANTICS}:StartOrder")),
    "inputVariables": [
        _variable("Order", "xs:string", Text("Number of the order", "Auftragsnummer")),
        _variable(
            "Quantity", "xs:unsignedInt", Text("Parts to make", "Zu fertigende Teile"), "100"
        ),
    ],
    "outputVariables": [
        _variable("Cycles", "xs:unsignedInt", Text("Cycles needed", "Benötigte Zyklen")),
        _variable(
            "ExpectedEnd",
            "xs:dateTime",
            Text(
                "When the order is made if nothing stops the machine",
                "Fertigstellung, wenn nichts die Maschine aufhält",
            ),
        ),
    ],
}
