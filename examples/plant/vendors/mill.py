"""Kronos Werkzeugmaschinen: German names, string node ids, SI-like Doubles, AnalogItems."""

from __future__ import annotations

from typing import Final

from asyncua import ua

from examples.plant.physics.machine import MAXIMUM_OVERRIDE
from examples.plant.physics.mill import Mill
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState
from examples.plant.vendors import units
from examples.plant.vendors.description import (
    Enumeration,
    Folder,
    Input,
    Method,
    Numbers,
    Output,
    Text,
    Variable,
    Vendor,
    broken_sensor,
    duration_in,
    is_order,
    is_quantity,
    set_order,
    set_override,
    start_order,
)

_DOUBLE: Final = ua.VariantType.Double
_INT32: Final = ua.VariantType.Int32
_UINT64: Final = ua.VariantType.UInt64
_UINT32: Final = ua.VariantType.UInt32
_STRING: Final = ua.VariantType.String

_STATE: Final = Enumeration(
    "Betriebszustand",
    "BetriebszustandEnum",
    dict(
        enumerate(
            (
                "Aus",
                "Gestoppt",
                "Bereit",
                "Anlauf",
                "Bearbeitung",
                "Angehalten",
                "Wartet",
                "Auslauf",
                "Störung",
            )
        )
    ),
)
_STATES: Final = {
    OperatingState.OFF: 0,
    OperatingState.STOPPED: 1,
    OperatingState.IDLE: 2,
    OperatingState.STARTING: 3,
    OperatingState.EXECUTE: 4,
    OperatingState.HELD: 5,
    OperatingState.SUSPENDED: 6,
    OperatingState.COMPLETING: 7,
    OperatingState.ABORTED: 8,
}
_MODE: Final = Enumeration(
    "Betriebsart",
    "BetriebsartEnum",
    dict(enumerate(("Hand", "Halbautomatik", "Automatik", "Einrichten", "Wartung"))),
)
_MODES: Final = {
    OperatingMode.MANUAL: 0,
    OperatingMode.SEMI_AUTOMATIC: 1,
    OperatingMode.AUTOMATIC: 2,
    OperatingMode.SETUP: 3,
    OperatingMode.MAINTENANCE: 4,
}
_CONDITION: Final = Enumeration(
    "Geraetestatus",
    "GerätestatusEnum",
    dict(
        enumerate(
            (
                "in Ordnung",
                "Wartungsbedarf",
                "außerhalb der Spezifikation",
                "Funktionskontrolle",
                "Ausfall",
            )
        )
    ),
)
_CONDITIONS: Final = {
    ConditionStatus.NORMAL: 0,
    ConditionStatus.MAINTENANCE_REQUEST: 1,
    ConditionStatus.OUT_OF_SPECIFICATION: 2,
    ConditionStatus.FUNCTION_CHECK: 3,
    ConditionStatus.FAILURE: 4,
}
_STATUS: Final[Folder[Mill]] = Folder(
    "Status",
    "Status",
    (
        Variable(
            "Status.Betriebszustand",
            "Betriebszustand",
            _INT32,
            lambda m: _STATES[m.state],
            data_type=_STATE,
        ),
        Variable(
            "Status.Betriebsart", "Betriebsart", _INT32, lambda m: _MODES[m.mode], data_type=_MODE
        ),
        Variable(
            "Status.ZustandSeit", "ZustandSeit", ua.VariantType.DateTime, lambda m: m.state_since
        ),
        Variable(
            "Status.Geraetestatus",
            "Gerätestatus",
            _INT32,
            lambda m: _CONDITIONS[m.condition],
            data_type=_CONDITION,
        ),
        Variable("Status.Programm", "Programm", _STRING, lambda m: m.program),
        Variable(
            "Status.Auftrag", "Auftrag", _STRING, lambda m: m.order, write=Text(40, set_order)
        ),
        Variable(
            "Status.Betriebszeit",
            "Betriebszeit",
            _DOUBLE,
            lambda m: duration_in(m.operating_hours * 3600, 1),
            unit=units.SECOND,
            limits=(0, 1e10),
        ),
    ),
)
_SPINDLE: Final[Folder[Mill]] = Folder(
    "Spindel",
    "Spindel",
    (
        Variable(
            "Spindel.Drehzahl",
            "Drehzahl",
            _DOUBLE,
            lambda m: m.drive.speed * 60,
            unit=units.REVOLUTIONS_PER_MINUTE,
            limits=(0, 12_000),
        ),
        Variable(
            "Spindel.Temperatur",
            "Temperatur",
            _DOUBLE,
            lambda m: m.drive_temperature,
            unit=units.CELSIUS,
            limits=(0, 120),
            broken=broken_sensor,
        ),
        Variable(
            "Spindel.Schwingung",
            "Schwinggeschwindigkeit",
            _DOUBLE,
            lambda m: m.drive.vibration,
            unit=units.MILLIMETRE_PER_SECOND,
            limits=(0, 28),
        ),
        Variable(
            "Spindel.Leistung",
            "Wirkleistung",
            _DOUBLE,
            lambda m: m.drive.power * 1000,
            unit=units.WATT,
            limits=(0, 25_000),
        ),
        Variable(
            "Spindel.Override",
            "Override",
            _DOUBLE,
            lambda m: m.speed_override,
            unit=units.PER_CENT,
            limits=(0, MAXIMUM_OVERRIDE),
            write=Numbers(0, MAXIMUM_OVERRIDE, set_override(1)),
        ),
    ),
)
_TOOL: Final[Folder[Mill]] = Folder(
    "Werkzeug",
    "Werkzeug",
    (
        Variable(
            "Werkzeug.Verschleiss",
            "Verschleiß",
            _DOUBLE,
            lambda m: m.wear,
            unit=units.PER_CENT,
            limits=(0, 100),
        ),
    ),
)
_AXES: Final[Folder[Mill]] = Folder(
    "Achsen",
    "Achsen",
    (
        Variable(
            "Achsen.Vorschub",
            "Bahnvorschub",
            _DOUBLE,
            lambda m: m.feed_rate * 60,
            unit=units.MILLIMETRE_PER_MINUTE,
            limits=(0, 15_000),
        ),
    ),
)
_PRODUCTION: Final[Folder[Mill]] = Folder(
    "Fertigung",
    "Fertigung",
    (
        Variable(
            "Fertigung.Taktzeit",
            "Taktzeit",
            _DOUBLE,
            lambda m: m.cycle_time,
            unit=units.SECOND,
            limits=(0, 3600),
        ),
        Variable("Fertigung.Zyklen", "Zyklen", _UINT64, lambda m: m.production.cycles),
        Variable(
            "Fertigung.ZyklenSeitWartung",
            "ZyklenSeitWartung",
            _UINT64,
            lambda m: m.production.cycles_since_service,
        ),
        Variable("Fertigung.Teile", "Teile", _UINT32, lambda m: m.production.produced),
        Variable("Fertigung.Gutteile", "Gutteile", _UINT32, lambda m: m.production.good),
        Variable("Fertigung.Ausschuss", "Ausschuss", _UINT32, lambda m: m.production.scrap),
        Variable(
            "Fertigung.Erstausbeute",
            "Erstausbeute",
            _DOUBLE,
            lambda m: m.production.first_pass_yield,
            unit=units.PER_CENT,
            limits=(0, 100),
        ),
        Variable(
            "Fertigung.Massabweichung",
            "Maßabweichung",
            _DOUBLE,
            lambda m: m.dimension_error,
            unit=units.MICROMETRE,
            limits=(-100, 100),
        ),
    ),
    methods=(
        Method(
            "Fertigung.AuftragStarten",
            "AuftragStarten",
            (Input("Auftrag", _STRING, is_order(40)), Input("Menge", _UINT32, is_quantity)),
            (Output("Zyklen", _UINT64), Output("Ende", ua.VariantType.DateTime)),
            start_order,
        ),
    ),
)

MILL: Final[Vendor[Mill]] = Vendor(
    key="mill",
    manufacturer="Kronos Werkzeugmaschinen",
    product="Kronos K400 Steuerung",
    path="kronos",
    locale="de",
    namespace="http://kronos.example/UA/Fraese/",
    types="http://kronos.example/UA/Typen/",
    machine=Mill,
    root=Folder("K400", "Fräsmaschine K400", (_STATUS, _SPINDLE, _TOOL, _AXES, _PRODUCTION)),
)
