"""The six-axis robot."""

from __future__ import annotations

from typing import Final

from examples.plant.model.tables.machine import (
    DriveLimits,
    Machine,
    Maker,
    Product,
    common_signals,
    outside,
    ranged,
)
from submodels.signals import NAMED_SIGNALS
from submodels.values import Span, Text, Value

_TAG: Final = "H1-RB02"
_JOINTS: Final = 6


def _joints() -> dict[str, Value]:
    return {
        f"JointTemperature{joint}": ranged(
            NAMED_SIGNALS["JointTemperature"],
            f"{_TAG}-TT20{joint}",
            physical=Span("-20", "130"),
            normal=Span("10", "60"),
            warning=Span("5", "75"),
            number=joint,
        )
        for joint in range(1, _JOINTS + 1)
    }


ROBOT: Final = Machine(
    key="robot",
    id_short="HandlingRobot",
    name=Text("Handling robot", "Handhabungsroboter"),
    description=Text(
        "Six-axis robot that loads trays and pallets.",
        "Sechsachsiger Roboter, der Trays und Paletten belädt.",
    ),
    maker=Maker(
        name={"en": "Aratis Robotics AB"},
        short_name="Aratis Robotics",
        site="https://aratis.example",
        street={"sv": "Robotgatan 7"},
        zipcode={"sv": "000 45"},
        city={"sv": "Exempelstad"},
        country="SE",
    ),
    product=Product(
        designation={"en": "Articulated robot RC7"},
        family={"en": "RC series"},
        type="RC7",
        order_code="RC7-12-1450",
        serial_number="AR22-105518",
        made_on="2022-08-30",
        software_version="11.4.0",
    ),
    signals={
        **common_signals(
            _TAG,
            DriveLimits(
                speed=("0.8", "0.6", "0.7"),
                temperature=("55", "65"),
                vibration=("20", "1.8", "2.8"),
                power=("8", "4", "5"),
                cycle_time=(Span("4.5", "7.5"), Span("4", "12")),
            ),
        ),
        **_joints(),
        "ProgramState": ranged(NAMED_SIGNALS["ProgramState"], f"{_TAG}-US101"),
    },
    schedule=(
        {
            "Task": Text("Grease the gearboxes of axes 1 to 3", "Getriebe der Achsen 1–3 fetten"),
            "PlanReference": outside("plan", "robot:grease-2500h"),
            "DueDate": "2026-12-18T06:00:00Z",
            "DueCounter": "9500",
            "Status": "planned",
        },
        {
            "Task": Text("Change the battery of the encoders", "Batterie der Drehgeber wechseln"),
            "PlanReference": outside("plan", "robot:battery-2y"),
            "DueDate": "2027-02-26T06:00:00Z",
            "Status": "planned",
        },
        {
            "Task": Text("Check the belt tension of axis 5", "Riemenspannung der Achse 5 prüfen"),
            "PlanReference": outside("plan", "robot:belt-5000h"),
            "DueCounter": "10000",
            "Status": "planned",
        },
    ),
    executed_work=(
        {
            "RecordId": "I-2026-0377",
            "Type": "predictive",
            "StartTime": "2026-08-14T04:00:00Z",
            "EndTime": "2026-08-14T09:30:00Z",
            "PerformedBy": "Aratis field service",
            "CounterReading": "8240.0",
            "PartsUsed": [outside("part", "RC7-J2-GBX")],
            "Findings": Text(
                "Rising backlash at joint 2; gearbox replaced and axis calibrated.",
                "Zunehmendes Spiel an Gelenk 2; Getriebe ersetzt und Achse kalibriert.",
            ),
            "Result": "ok",
        },
        {
            "RecordId": "I-2026-0101",
            "PlanReference": outside("plan", "robot:grease-2500h"),
            "Type": "preventive",
            "StartTime": "2026-03-06T05:00:00Z",
            "EndTime": "2026-03-06T06:15:00Z",
            "PerformedBy": "Instandhaltung Halle 1",
            "CounterReading": "6995.2",
            "Findings": Text(
                "Old grease of axis 3 dark; sample sent to the laboratory.",
                "Altfett der Achse 3 dunkel; Probe ins Labor gegeben.",
            ),
            "Result": "follow-up",
        },
    ),
    characteristics=(
        {
            "FeatureName": "Position error of the placed part",
            "FeatureReference": outside("drawing", "5120-01:3"),
            "Cp": "0.88",
            "Cpk": "0.86",
            "Mean": "0.004",
            "StandardDeviation": "0.076",
            "Unit": "mm",
            "SampleSize": "200",
            "Window": Span("2026-11-19T05:00:00Z", "2026-11-20T05:00:00Z"),
        },
        {
            "FeatureName": "Gripping force",
            "FeatureReference": outside("drawing", "5120-01:8"),
            "Cp": "1.93",
            "Cpk": "1.67",
            "Mean": "41.2",
            "StandardDeviation": "0.9",
            "Unit": "N",
            "SampleSize": "30",
            "Window": Span("2026-11-02T05:00:00Z", "2026-11-20T05:00:00Z"),
        },
    ),
    defects=(
        {
            "DefectCode": "R-02",
            "Description": Text("Part beside its pocket", "Teil neben der Aufnahme"),
            "Count": "8",
            "LastOccurrence": "2026-11-20T13:05:41Z",
        },
        {
            "DefectCode": "R-05",
            "Description": Text("Part dropped", "Teil verloren"),
            "Count": "3",
            "LastOccurrence": "2026-11-18T22:47:03Z",
        },
    ),
)
