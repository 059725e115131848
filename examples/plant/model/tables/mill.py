"""The CNC mill."""

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

_TAG: Final = "H1-MC01"

MILL: Final = Machine(
    key="mill",
    id_short="MillingCentre",
    name=Text("Milling centre", "Fräszentrum"),
    description=Text(
        "Three-axis milling centre for housings and flanges.",
        "Dreiachsiges Fräszentrum für Gehäuse und Flansche.",
    ),
    maker=Maker(
        name={
            "de": "Kronos Werkzeugmaschinen GmbH",
            "en": "Kronos Werkzeugmaschinen GmbH",
        },
        short_name="Kronos Werkzeugmaschinen",
        site="https://kronos.example",
        street={"de": "Spindelweg 12"},
        zipcode={"de": "00123"},
        city={"de": "Musterhausen"},
        country="DE",
    ),
    product=Product(
        designation={"de": "Fräszentrum K400", "en": "Milling centre K400"},
        family={"de": "Vertikale Fräszentren", "en": "Vertical milling centres"},
        type="K400",
        order_code="K400-3A-HSK63",
        serial_number="K400-20-0731",
        made_on="2020-03-17",
        software_version="6.2.1",
    ),
    signals={
        **common_signals(
            _TAG,
            DriveLimits(
                speed=("180", "150", "172"),
                temperature=("60", "70"),
                vibration=("50", "3.5", "5.6"),
                power=("25", "14", "17"),
                cycle_time=(Span("19", "30"), Span("17", "45")),
            ),
        ),
        "ToolWear": bounded(NAMED_SIGNALS["ToolWear"], f"{_TAG}-WI101", ("100", "80", "95")),
        "FeedRate": bounded(NAMED_SIGNALS["FeedRate"], f"{_TAG}-ST111", ("80", "46", "60")),
    },
    schedule=(
        {
            "Task": Text(
                "Change the coolant and clean the tank",
                "Kühlschmierstoff wechseln, Behälter reinigen",
            ),
            "PlanReference": outside("plan", "mill:coolant-1000h"),
            "DueDate": "2026-12-04T05:00:00Z",
            "DueCounter": "18500",
            "Status": "planned",
        },
        {
            "Task": Text("Check the spindle's run-out", "Rundlauf der Spindel prüfen"),
            "PlanReference": outside("plan", "mill:spindle-2000h"),
            "DueDate": "2027-01-15T05:00:00Z",
            "DueCounter": "19000",
            "Status": "planned",
        },
        {
            "Task": Text("Replace the way wipers of all axes", "Abstreifer aller Achsen tauschen"),
            "PlanReference": outside("plan", "mill:wipers-yearly"),
            "DueDate": "2027-04-30T12:00:00Z",
            "Status": "planned",
        },
    ),
    executed_work=(
        {
            "RecordId": "I-2026-0412",
            "PlanReference": outside("plan", "mill:spindle-2000h"),
            "Type": "inspection",
            "StartTime": "2026-09-11T04:30:00Z",
            "EndTime": "2026-09-11T06:10:00Z",
            "PerformedBy": "Instandhaltung Halle 1",
            "CounterReading": "17011.0",
            "Findings": Text(
                "Run-out 3 µm at the test bar, draw-in force within limits.",
                "Rundlauf 3 µm am Prüfdorn, Einzugskraft in Ordnung.",
            ),
            "Result": "ok",
        },
        {
            "RecordId": "I-2026-0268",
            "Type": "corrective",
            "StartTime": "2026-05-20T11:05:00Z",
            "EndTime": "2026-05-20T15:45:00Z",
            "PerformedBy": "Kronos Service",
            "CounterReading": "15873.4",
            "PartsUsed": [outside("part", "K400-CP-118"), outside("part", "K400-FS-022")],
            "Findings": Text(
                "Coolant pump lost pressure: impeller worn. Pump and filter replaced.",
                "Kühlmittelpumpe ohne Druck: Laufrad verschlissen. Pumpe und Filter ersetzt.",
            ),
            "Result": "ok",
        },
        {
            "RecordId": "I-2026-0044",
            "PlanReference": outside("plan", "mill:coolant-1000h"),
            "Type": "preventive",
            "StartTime": "2026-01-23T05:00:00Z",
            "EndTime": "2026-01-23T07:20:00Z",
            "PerformedBy": "Instandhaltung Halle 1",
            "CounterReading": "14102.9",
            "Result": "ok",
        },
    ),
    characteristics=(
        {
            "FeatureName": "Bearing seat diameter 62 H7",
            "FeatureReference": outside("drawing", "4711-02:10"),
            "Cp": "0.88",
            "Cpk": "0.84",
            "Mean": "62.0154",
            "StandardDeviation": "0.0057",
            "Unit": "mm",
            "SampleSize": "50",
            "Window": Span("2026-11-16T05:00:00Z", "2026-11-20T21:00:00Z"),
        },
        {
            "FeatureName": "Flatness of the flange",
            "FeatureReference": outside("drawing", "4711-02:14"),
            "Cpk": "1.52",
            "Mean": "0.011",
            "StandardDeviation": "0.0042",
            "Unit": "mm",
            "SampleSize": "50",
            "Window": Span("2026-11-16T05:00:00Z", "2026-11-20T21:00:00Z"),
        },
    ),
    defects=(
        {
            "DefectCode": "M-01",
            "Description": Text("Bearing seat too large", "Lagersitz zu groß"),
            "Count": "3",
            "LastOccurrence": "2026-11-20T18:22:10Z",
        },
        {
            "DefectCode": "M-07",
            "Description": Text("Chatter marks on the flange", "Rattermarken am Flansch"),
            "Count": "2",
            "LastOccurrence": "2026-11-19T09:41:55Z",
        },
    ),
)
