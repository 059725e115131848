"""Lakeshore Plastics Equipment: numeric node ids, US units, states as codes in strings."""

from __future__ import annotations

from typing import Final

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from examples.plant.physics.machine import MAXIMUM_OVERRIDE
from examples.plant.physics.moulder import Moulder
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState
from examples.plant.vendors import units
from examples.plant.vendors.description import (
    Folder,
    Input,
    Method,
    Numbers,
    Output,
    Text,
    Variable,
    Vendor,
    broken_sensor,
    is_order,
    is_quantity,
    scaled,
    set_order,
    set_override,
    start_order,
)

_DOUBLE: Final = ua.VariantType.Double
_INT16: Final = ua.VariantType.Int16
_UINT16: Final = ua.VariantType.UInt16
_UINT32: Final = ua.VariantType.UInt32
_STRING: Final = ua.VariantType.String
_UINT16_MAX: Final = 65_535
_UINT32_MAX: Final = 4_294_967_295

_KILOWATT_IN_HORSEPOWER: Final = 1 / 0.745_699_871_582_270_22
_INCH: Final = 25.4  # mm

_STATES: Final = {
    OperatingState.OFF: "OFF",
    OperatingState.STOPPED: "STOP",
    OperatingState.IDLE: "IDLE",
    OperatingState.STARTING: "HEATUP",
    OperatingState.EXECUTE: "AUTO_RUN",
    OperatingState.HELD: "HOLD",
    OperatingState.SUSPENDED: "WAIT_MATERIAL",
    OperatingState.COMPLETING: "PURGE",
    OperatingState.ABORTED: "ALARM",
}
_MODES: Final = {
    OperatingMode.AUTOMATIC: "AUTO",
    OperatingMode.SEMI_AUTOMATIC: "SEMI",
    OperatingMode.MANUAL: "MAN",
    OperatingMode.SETUP: "SETUP",
    OperatingMode.MAINTENANCE: "MAINT",
}
_CONDITIONS: Final = {
    ConditionStatus.NORMAL: "OK",
    ConditionStatus.FAILURE: "FAULT",
    ConditionStatus.FUNCTION_CHECK: "CHECK",
    ConditionStatus.OUT_OF_SPECIFICATION: "OUT_OF_SPEC",
    ConditionStatus.MAINTENANCE_REQUEST: "SERVICE",
}


def _fahrenheit(celsius: float) -> float:
    return celsius * 9 / 5 + 32


_STATUS: Final[Folder[Moulder]] = Folder(
    5100,
    "Machine Status",
    (
        Variable(5101, "State Code", _STRING, lambda m: _STATES[m.state]),
        Variable(5102, "Mode", _STRING, lambda m: _MODES[m.mode]),
        Variable(
            5103,
            "State Change Time",
            ua.VariantType.DateTime,
            lambda m: m.state_since,
            data_type=ObjectIds.UtcTime,
        ),
        Variable(5104, "Mold Program", _STRING, lambda m: m.program),
        Variable(5105, "Work Order", _STRING, lambda m: m.order, write=Text(24, set_order)),
        Variable(5106, "Health", _STRING, lambda m: _CONDITIONS[m.condition]),
        Variable(
            5107,
            "Hour Meter",
            _UINT32,
            lambda m: scaled(m.operating_hours, 10, 0, _UINT32_MAX),
        ),
    ),
)
_JOBS: Final[Folder[Moulder]] = Folder(
    5500,
    "Jobs",
    (),
    methods=(
        Method(
            5501,
            "Start Work Order",
            (Input("Work Order", _STRING, is_order(24)), Input("Parts", _UINT32, is_quantity)),
            (Output("Shots", _UINT32), Output("Done By", ua.VariantType.DateTime)),
            start_order,
        ),
    ),
)
_SCREW: Final[Folder[Moulder]] = Folder(
    5200,
    "Screw Drive",
    (
        Variable(
            5201,
            "Screw Speed",
            _UINT16,
            lambda m: scaled(m.drive.speed, 60, 0, _UINT16_MAX),
            unit=units.REVOLUTIONS_PER_MINUTE,
            limits=(0, 400),
        ),
        Variable(
            5202,
            "Drive Temperature",
            _DOUBLE,
            lambda m: _fahrenheit(m.drive_temperature),
            unit=units.FAHRENHEIT,
            limits=(32, 250),
            broken=broken_sensor,
        ),
        Variable(
            5203,
            "Vibration",
            _DOUBLE,
            lambda m: m.drive.vibration / _INCH,
            unit=units.INCH_PER_SECOND,
            limits=(0, 1),
        ),
        Variable(
            5204,
            "Power Draw",
            _DOUBLE,
            lambda m: m.drive.power * _KILOWATT_IN_HORSEPOWER,
            unit=units.HORSEPOWER,
            limits=(0, 100),
        ),
        Variable(
            5205,
            "Speed Override",
            _INT16,
            lambda m: scaled(m.speed_override, 10, 0, 1200),
            unit=units.PER_MILLE,
            limits=(0, MAXIMUM_OVERRIDE * 10),
            write=Numbers(0, MAXIMUM_OVERRIDE * 10, set_override(0.1)),
        ),
        Variable(
            5206,
            "Screw Wear",
            _INT16,
            lambda m: scaled(m.wear, 10, 0, 1000),
            unit=units.PER_MILLE,
            limits=(0, 1000),
        ),
    ),
)
_PROCESS: Final[Folder[Moulder]] = Folder(
    5300,
    "Process",
    (
        Variable(
            5301,
            "Melt Temperature",
            _DOUBLE,
            lambda m: _fahrenheit(m.melt_temperature),
            unit=units.FAHRENHEIT,
            limits=(32, 750),
        ),
        Variable(
            5302,
            "Injection Pressure",
            _DOUBLE,
            lambda m: m.injection_pressure * 10,
            unit=units.BAR,
            limits=(0, 2500),
        ),
        Variable(
            5303,
            "Shot Quality",
            _DOUBLE,
            lambda m: m.shot_quality,
            unit=units.PER_CENT,
            limits=(0, 100),
        ),
        Variable(
            5304,
            "Cycle Time",
            _DOUBLE,
            lambda m: m.cycle_time / 60,
            unit=units.MINUTE,
            limits=(0, 10),
        ),
    ),
)
_COUNTERS: Final[Folder[Moulder]] = Folder(
    5400,
    "Counters",
    (
        Variable(5401, "Shots Total", _UINT32, lambda m: m.production.cycles),
        Variable(5402, "Shots Since PM", _UINT32, lambda m: m.production.cycles_since_service),
        Variable(5403, "Parts Total", _DOUBLE, lambda m: float(m.production.produced)),
        Variable(5404, "Parts Good", _DOUBLE, lambda m: float(m.production.good)),
        Variable(5405, "Parts Rejected", _DOUBLE, lambda m: float(m.production.scrap)),
        Variable(
            5406,
            "First Pass Yield",
            _UINT16,
            lambda m: scaled(m.production.first_pass_yield, 10, 0, 1000),
            unit=units.PER_MILLE,
            limits=(0, 1000),
        ),
    ),
)

MOULDER: Final[Vendor[Moulder]] = Vendor(
    key="moulder",
    manufacturer="Lakeshore Plastics Equipment",
    product="Lakeshore LX 220",
    path="lakeshore",
    locale="en-US",
    namespace="http://lakeshore.example/UA/LX220/",
    types="http://lakeshore.example/UA/Types/",
    machine=Moulder,
    root=Folder(5000, "LX 220", (_STATUS, _JOBS, _SCREW, _PROCESS, _COUNTERS)),
)
