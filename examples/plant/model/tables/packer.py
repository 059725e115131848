"""The packaging line."""

from __future__ import annotations

from typing import Final

from examples.plant.model.tables.machine import (
    DriveLimits,
    Machine,
    Maker,
    Product,
    bounded,
    common_signals,
    outside,
)
from submodels.signals import NAMED_SIGNALS
from submodels.values import Span, Text

_TAG: Final = "H3-PL04"

PACKER: Final = Machine(
    key="packer",
    id_short="PackagingLine",
    name=Text("Packaging line", "Verpackungslinie"),
    description=Text(
        "Line that forms, fills and seals bags and weighs them.",
        "Linie, die Beutel formt, füllt, siegelt und wiegt.",
    ),
    maker=Maker(
        name={"it": "Valbruna Imballaggi S.r.l.", "en": "Valbruna Imballaggi S.r.l."},
        short_name="Valbruna Imballaggi",
        site="https://valbruna.example",
        street={"it": "Via dell'Esempio 9"},
        zipcode={"it": "00089"},
        city={"it": "Borgo Esempio"},
        country="IT",
    ),
    product=Product(
        designation={"it": "Linea di confezionamento Linea 9", "en": "Packaging line Linea 9"},
        family={"it": "Confezionatrici verticali", "en": "Vertical baggers"},
        type="Linea 9",
        order_code="VL9-250-P",
        serial_number="VI-9-00217",
        made_on="2023-05-22",
        software_version="2.8.3",
    ),
    signals={
        **common_signals(
            _TAG,
            DriveLimits(
                speed=("4", "3", "3.4"),
                temperature=("55", "65"),
                vibration=("20", "2.3", "3.5"),
                power=("10", "5.2", "6.5"),
                cycle_time=(Span("0.64", "1.2"), Span("0.6", "3")),
            ),
        ),
        "LineSpeed": bounded(NAMED_SIGNALS["LineSpeed"], f"{_TAG}-ST401", ("3", "1.6", "2")),
    },
    schedule=(
        {
            "Task": Text(
                "Replace the sealing jaws' coating", "Beschichtung der Siegelbacken erneuern"
            ),
            "PlanReference": outside("plan", "packer:jaws-1000h"),
            "DueDate": "2026-12-02T21:00:00Z",
            "DueCounter": "6500",
            "Status": "due",
        },
        {
            "Task": Text("Check the film knife", "Folienmesser prüfen"),
            "PlanReference": outside("plan", "packer:knife-monthly"),
            "DueDate": "2026-12-15T06:00:00Z",
            "Status": "planned",
        },
        {
            "Task": Text("Adjust the checkweigher", "Kontrollwaage justieren"),
            "PlanReference": outside("plan", "packer:weigher-yearly"),
            "DueDate": "2027-03-19T08:00:00Z",
            "Status": "planned",
        },
    ),
    executed_work=(
        {
            "RecordId": "I-2026-0431",
            "PlanReference": outside("plan", "packer:knife-monthly"),
            "Type": "inspection",
            "StartTime": "2026-10-15T06:00:00Z",
            "EndTime": "2026-10-15T06:25:00Z",
            "PerformedBy": "Instandhaltung Halle 3",
            "CounterReading": "6120.5",
            "Findings": Text(
                "Edge slightly worn, still within limits; check again in a month.",
                "Schneide leicht abgenutzt, noch zulässig; in einem Monat erneut prüfen.",
            ),
            "Result": "follow-up",
        },
        {
            "RecordId": "I-2026-0220",
            "Type": "corrective",
            "StartTime": "2026-04-28T10:40:00Z",
            "EndTime": "2026-04-28T12:05:00Z",
            "PerformedBy": "Valbruna assistenza",
            "CounterReading": "4710.8",
            "PartsUsed": [outside("part", "VL9-BELT-2")],
            "Findings": Text(
                "Pull-down belt frayed and slipping; both belts replaced.",
                "Abzugsriemen ausgefranst und rutschend; beide Riemen ersetzt.",
            ),
            "Result": "ok",
        },
    ),
    characteristics=(
        {
            "FeatureName": "Net weight of a bag",
            "FeatureReference": outside("drawing", "BAG-250:1"),
            "Cp": "0.88",
            "Cpk": "0.85",
            "Mean": "251.6",
            "StandardDeviation": "1.71",
            "Unit": "g",
            "SampleSize": "500",
            "Window": Span("2026-11-20T05:00:00Z", "2026-11-20T13:00:00Z"),
        },
        {
            "FeatureName": "Strength of the top seal",
            "FeatureReference": outside("drawing", "BAG-250:4"),
            "Cpk": "1.44",
            "Mean": "18.3",
            "StandardDeviation": "1.0",
            "Unit": "N",
            "SampleSize": "40",
            "Window": Span("2026-11-16T05:00:00Z", "2026-11-20T13:00:00Z"),
        },
    ),
    defects=(
        {
            "DefectCode": "C-02",
            "Description": Text("Bag too light", "Beutel zu leicht"),
            "Count": "97",
            "LastOccurrence": "2026-11-20T12:49:18Z",
        },
        {
            "DefectCode": "C-05",
            "Description": Text("Seal open", "Siegelnaht offen"),
            "Count": "61",
            "LastOccurrence": "2026-11-20T12:31:50Z",
        },
        {
            "DefectCode": "C-08",
            "Description": Text("Print not legible", "Druck nicht lesbar"),
            "Count": "14",
            "LastOccurrence": "2026-11-20T07:02:33Z",
        },
    ),
)
