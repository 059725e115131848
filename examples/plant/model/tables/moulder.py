"""The injection moulding machine."""

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
    ranged,
)
from submodels.signals import NAMED_SIGNALS
from submodels.values import Span, Text

_TAG: Final = "H2-IM03"

MOULDER: Final = Machine(
    key="moulder",
    id_short="InjectionMoulder",
    name=Text("Injection moulding machine", "Spritzgießmaschine"),
    description=Text(
        "Injection moulding machine for caps and lids, four parts a shot.",
        "Spritzgießmaschine für Kappen und Deckel, vier Teile je Schuss.",
    ),
    maker=Maker(
        name={"en": "Lakeshore Plastics Equipment Inc."},
        short_name="Lakeshore Plastics Equipment",
        site="https://lakeshore.example",
        street={"en": "2200 Harbor Example Drive"},
        zipcode={"en": "00067"},
        city={"en": "Sample Harbor"},
        country="US",
    ),
    product=Product(
        designation={"en": "Injection molding machine LX 220"},
        family={"en": "LX all-electric"},
        type="LX 220",
        order_code="LX220-E-45",
        serial_number="LX220-18-4402",
        made_on="2018-11-05",
        software_version="4.17",
    ),
    signals={
        **common_signals(
            _TAG,
            DriveLimits(
                speed=("4", "3.2", "3.6"),
                temperature=("65", "75"),
                vibration=("50", "4.5", "7.1"),
                power=("60", "36", "42"),
                cycle_time=(Span("9.5", "14"), Span("8.5", "20")),
            ),
        ),
        "MeltTemperature": ranged(
            NAMED_SIGNALS["MeltTemperature"],
            f"{_TAG}-TT301",
            physical=Span("0", "400"),
            normal=Span("222", "234"),
            warning=Span("216", "242"),
        ),
        "InjectionPressure": bounded(
            NAMED_SIGNALS["InjectionPressure"], f"{_TAG}-PT301", ("200", "105", "120")
        ),
        "ShotQuality": ranged(
            NAMED_SIGNALS["ShotQuality"],
            f"{_TAG}-QI301",
            physical=Span("0", "100"),
            normal=Span("85", "100"),
            warning=Span("75", "100"),
        ),
    },
    schedule=(
        {
            "Task": Text(
                "Clean the nozzle and the check ring", "Düse und Rückstromsperre reinigen"
            ),
            "PlanReference": outside("plan", "moulder:nozzle-500h"),
            "DueDate": "2026-11-27T20:00:00Z",
            "DueCounter": "28000",
            "Status": "due",
        },
        {
            "Task": Text("Measure the wear of screw and barrel", "Schnecke und Zylinder vermessen"),
            "PlanReference": outside("plan", "moulder:screw-5000h"),
            "DueCounter": "30000",
            "Status": "planned",
        },
        {
            "Task": Text("Lubricate the toggle", "Kniehebel schmieren"),
            "PlanReference": outside("plan", "moulder:toggle-weekly"),
            "DueDate": "2026-11-30T05:00:00Z",
            "Status": "planned",
        },
    ),
    executed_work=(
        {
            "RecordId": "I-2026-0455",
            "PlanReference": outside("plan", "moulder:toggle-weekly"),
            "Type": "preventive",
            "StartTime": "2026-11-16T05:00:00Z",
            "EndTime": "2026-11-16T05:35:00Z",
            "PerformedBy": "Instandhaltung Halle 2",
            "CounterReading": "27850.1",
            "Result": "ok",
        },
        {
            "RecordId": "I-2026-0309",
            "Type": "corrective",
            "StartTime": "2026-06-29T13:10:00Z",
            "EndTime": "2026-06-29T18:00:00Z",
            "PerformedBy": "Instandhaltung Halle 2",
            "CounterReading": "25390.0",
            "PartsUsed": [outside("part", "LX-HB-450"), outside("part", "LX-TC-03")],
            "Findings": Text(
                "Heater band of zone 3 open; band and thermocouple replaced.",
                "Heizband der Zone 3 unterbrochen; Band und Thermoelement ersetzt.",
            ),
            "Result": "ok",
        },
    ),
    characteristics=(
        {
            "FeatureName": "Shot weight",
            "FeatureReference": outside("drawing", "PP-CAP-38:1"),
            "Cp": "0.88",
            "Cpk": "0.81",
            "Mean": "12.43",
            "StandardDeviation": "0.038",
            "Unit": "g",
            "SampleSize": "100",
            "Window": Span("2026-11-18T05:00:00Z", "2026-11-20T21:00:00Z"),
        },
        {
            "FeatureName": "Thread diameter 38 mm",
            "FeatureReference": outside("drawing", "PP-CAP-38:6"),
            "Cp": "1.61",
            "Cpk": "1.38",
            "Mean": "38.02",
            "StandardDeviation": "0.021",
            "Unit": "mm",
            "SampleSize": "100",
            "Window": Span("2026-11-18T05:00:00Z", "2026-11-20T21:00:00Z"),
        },
    ),
    defects=(
        {
            "DefectCode": "P-03",
            "Description": Text("Short shot", "Nicht vollständig gefüllt"),
            "Count": "36",
            "LastOccurrence": "2026-11-20T20:12:37Z",
        },
        {
            "DefectCode": "P-01",
            "Description": Text("Flash at the parting line", "Grat an der Trennebene"),
            "Count": "20",
            "LastOccurrence": "2026-11-20T16:58:04Z",
        },
        {
            "DefectCode": "P-09",
            "Description": Text("Burn mark", "Brandstelle"),
            "Count": "8",
            "LastOccurrence": "2026-11-19T03:30:26Z",
        },
    ),
)
