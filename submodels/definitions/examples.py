"""One filled instance of each template: every element at least once, all values in the document.

The machine is a press that no other example knows.
"""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import Concept, Meaning, Text, concept_id
from submodels.authoring.values import Member, Span, Value, element_of, external
from submodels.definitions.named_signals import DRIVE_TEMPERATURE, PROGRAM_STATE
from submodels.definitions.signal_values import recorded_signal

_PRESS: Final = "urn:example:press-7"

OPERATIONAL_DATA_ID: Final = f"{_PRESS}:OperationalData"
MAINTENANCE_ID: Final = f"{_PRESS}:Maintenance"
QUALITY_ID: Final = f"{_PRESS}:Quality"

DESCRIPTION: Final = Text("Press 7 in hall 2.", "Presse 7 in Halle 2.")

STROKES: Final = Concept(
    concept_id("OperationalData/Strokes"),
    "Strokes",
    Meaning(
        "Strokes",
        "Hübe",
        "Strokes of the ram since the die was changed.",
        "Hübe des Stößels seit dem Werkzeugwechsel.",
    ),
    "INTEGER_COUNT",
)
GUARD_CLOSED: Final = Concept(
    concept_id("OperationalData/GuardClosed"),
    "GuardClosed",
    Meaning(
        "Guard closed",
        "Schutztür geschlossen",
        "Whether the guard in front of the die is closed and locked.",
        "Ob die Schutztür vor dem Werkzeug geschlossen und verriegelt ist.",
    ),
    "BOOLEAN",
)

_ARRIVED: Final[dict[str, Value]] = {
    "Quality": "good",
    "StatusCode": "0",
    "SourceTimestamp": "2026-03-02T09:41:07.250Z",
    "ReceivedTimestamp": "2026-03-02T09:41:07.263Z",
}

OPERATIONAL_DATA: Final[dict[str, Value]] = {
    "State": {
        "OperatingState": "Execute",
        "OperatingMode": "Automatic",
        "StateSince": "2026-03-02T08:12:44Z",
        "ActiveProgram": "DRAW-1180",
        "ActiveOrder": "40017",
        "ConditionStatus": "maintenance request",
    },
    "Signals": {
        "DriveTemperature": recorded_signal(
            DRIVE_TEMPERATURE,
            "68.4",
            {
                **_ARRIVED,
                "PhysicalRange": Span("-40", "150"),
                "NormalRange": Span("15", "65"),
                "WarningRange": Span("5", "80"),
                "Accuracy": "0.5",
                "SamplingInterval": "PT1S",
                "Tag": "H2-P7-TT101",
                "Source": element_of(
                    f"{_PRESS}:AssetInterfacesDescription",
                    ("SubmodelElementCollection", "InterfaceOPCUA"),
                    ("SubmodelElementCollection", "InteractionMetadata"),
                    ("SubmodelElementCollection", "properties"),
                    ("SubmodelElementCollection", "driveTemperature"),
                ),
                "History": element_of(
                    f"{_PRESS}:TimeSeries",
                    ("SubmodelElementCollection", "Segments"),
                    ("SubmodelElementCollection", "LinkedSegment"),
                ),
            },
        ),
        "ProgramState": recorded_signal(PROGRAM_STATE, "Running", _ARRIVED),
        "Strokes": Member(STROKES, {"ValueInteger": "51208", **_ARRIVED}),
        "GuardClosed": Member(GUARD_CLOSED, {"ValueBoolean": "true", **_ARRIVED}),
    },
    "Counters": {
        "OperatingHours": "20871.5",
        "PowerOnHours": "26010.0",
        "EnergyConsumed": "418220.75",
        "CycleCount": "9120344",
        "ProducedQuantity": "3180",
        "GoodQuantity": "3161",
        "ScrapQuantity": "19",
    },
    "ActiveAlarms": [
        {
            "AlarmId": "2026-03-02/0007",
            "ErrorCode": "E2114",
            "Category": "Asset-Alarm",
            "Severity": "400",
            "Active": "true",
            "Acknowledged": "true",
            "StartTime": "2026-03-02T09:30:02Z",
            "Message": Text(
                "The main drive is warmer than usual: check the fan.",
                "Der Hauptantrieb ist wärmer als sonst: Lüfter prüfen.",
            ),
            "SignalReference": element_of(
                OPERATIONAL_DATA_ID,
                ("SubmodelElementCollection", "Signals"),
                ("SubmodelElementCollection", "DriveTemperature"),
            ),
        },
        {
            "AlarmId": "2026-03-02/0006",
            "Severity": "700",
            "Active": "false",
            "Acknowledged": "false",
            "StartTime": "2026-03-02T08:11:58Z",
            "EndTime": "2026-03-02T08:12:40Z",
            "Message": {"en": "Guard opened during the stroke."},
        },
    ],
}

MAINTENANCE: Final[dict[str, Value]] = {
    "Counters": {
        "OperatingHours": "20871.5",
        "CyclesSinceService": "61877",
        "WearIndicator": "62.5",
    },
    "Schedule": [
        {
            "Task": Text("Clean the drive's fan", "Lüfter des Antriebs reinigen"),
            "PlanReference": element_of(
                f"{_PRESS}:MaintenanceInstructions",
                (
                    "SubmodelElementCollection",
                    "MaintenanceInstructionsForSpecificInterval__01__",
                ),
            ),
            "DueDate": "2026-03-06T12:00:00Z",
            "DueCounter": "21000",
            "Status": "due",
        }
    ],
    "ExecutedWork": [
        {
            "RecordId": "W-2025-0391",
            "PlanReference": external("urn:example:plan:press-gib-lubrication"),
            "Type": "corrective",
            "StartTime": "2025-11-18T06:05:00Z",
            "EndTime": "2025-11-18T08:40:00Z",
            "PerformedBy": "Hall 2 maintenance",
            "CounterReading": "19204.0",
            "PartsUsed": [external("urn:example:part:OX-2210"), external("urn:example:part:SK-7")],
            "Findings": Text(
                "Lubrication line at the left gib leaking; line and seal replaced.",
                "Schmierleitung an der linken Führung undicht; Leitung und Dichtung ersetzt.",
            ),
            "Result": "ok",
            "ServiceRequest": element_of(
                f"{_PRESS}:ServiceRequestNotification",
                ("SubmodelElementCollection", "ServiceRequestNotification"),
            ),
            "Documents": [
                element_of(
                    f"{_PRESS}:HandoverDocumentation",
                    ("SubmodelElementList", "Documents"),
                    ("SubmodelElementCollection", "3"),
                )
            ],
        }
    ],
}

QUALITY: Final[dict[str, Value]] = {
    "Yields": {
        "ProducedQuantity": "3180",
        "GoodQuantity": "3161",
        "ScrapQuantity": "19",
        "FirstPassYield": "98.2",
    },
    "Characteristics": [
        {
            "FeatureName": "Wall thickness at the radius",
            "FeatureReference": element_of(
                f"{_PRESS}:QualityControlForMachining",
                ("SubmodelElementCollection", "QualityFeatures"),
                ("SubmodelElementList", "LinearFeaturesList"),
                ("SubmodelElementCollection", "0"),
            ),
            "Cp": "1.71",
            "Cpk": "1.46",
            "Mean": "1.204",
            "StandardDeviation": "0.0078",
            "Unit": "mm",
            "SampleSize": "125",
            "Window": Span("2026-03-01T22:00:00Z", "2026-03-02T06:00:00Z"),
        }
    ],
    "Defects": [
        {
            "DefectCode": "D-04",
            "Description": Text("Crack at the radius", "Riss am Radius"),
            "Count": "12",
            "LastOccurrence": "2026-03-02T09:02:31Z",
        }
    ],
    "Calibrations": [
        {
            "DeviceReference": external("urn:example:device:thickness-gauge-3"),
            "LastCalibration": "2025-06-10",
            "DueDate": "2026-06-10",
            "Certificate": external("urn:example:certificate:2025-1187"),
        }
    ],
}
