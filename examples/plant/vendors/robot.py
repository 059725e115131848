"""Aratis Robotics: terse English, path-like node ids, Floats without units, arrays, Durations."""

from __future__ import annotations

from typing import Final

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from examples.plant.physics.machine import MAXIMUM_OVERRIDE
from examples.plant.physics.robot import Robot
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState
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

_FLOAT: Final = ua.VariantType.Float
_INT32: Final = ua.VariantType.Int32
_INT64: Final = ua.VariantType.Int64
_STRING: Final = ua.VariantType.String

_STATE: Final = Enumeration(
    "CtrlState",
    "CtrlState",
    {
        0: "PWR_OFF",
        10: "STOP",
        20: "READY",
        30: "START",
        40: "RUN",
        50: "HOLD",
        60: "WAIT",
        70: "END",
        90: "ESTOP",
    },
)
_STATES: Final = {
    OperatingState.OFF: 0,
    OperatingState.STOPPED: 10,
    OperatingState.IDLE: 20,
    OperatingState.STARTING: 30,
    OperatingState.EXECUTE: 40,
    OperatingState.HELD: 50,
    OperatingState.SUSPENDED: 60,
    OperatingState.COMPLETING: 70,
    OperatingState.ABORTED: 90,
}
_PROGRAM_STATE: Final = Enumeration(
    "PrgState",
    "PrgState",
    dict(enumerate(("Unloaded", "Stopped", "Running", "Paused", "Waiting", "Error"))),
)
_PROGRAM_STATES: Final = {
    OperatingState.OFF: 0,
    OperatingState.STOPPED: 1,
    OperatingState.IDLE: 1,
    OperatingState.STARTING: 2,
    OperatingState.EXECUTE: 2,
    OperatingState.HELD: 3,
    OperatingState.SUSPENDED: 4,
    OperatingState.COMPLETING: 2,
    OperatingState.ABORTED: 5,
}
_MODE: Final = Enumeration(
    "OpMode", "OpMode", dict(enumerate(("T1", "T2", "AUT", "AUT_STEP", "SVC")))
)
_MODES: Final = {
    OperatingMode.SETUP: 0,
    OperatingMode.MANUAL: 1,
    OperatingMode.AUTOMATIC: 2,
    OperatingMode.SEMI_AUTOMATIC: 3,
    OperatingMode.MAINTENANCE: 4,
}
_HEALTH: Final = {
    ConditionStatus.NORMAL: 0,
    ConditionStatus.MAINTENANCE_REQUEST: 1,
    ConditionStatus.OUT_OF_SPECIFICATION: 2,
    ConditionStatus.FUNCTION_CHECK: 4,
    ConditionStatus.FAILURE: 8,
}
_DURATION: Final = ObjectIds.Duration

_CONTROLLER: Final[Folder[Robot]] = Folder(
    "/ctrl",
    "ctrl",
    (
        Variable("/ctrl/state", "state", _INT32, lambda m: _STATES[m.state], data_type=_STATE),
        Variable("/ctrl/mode", "mode", _INT32, lambda m: _MODES[m.mode], data_type=_MODE),
        Variable("/ctrl/since", "since", ua.VariantType.DateTime, lambda m: m.state_since),
        Variable("/ctrl/health", "health", ua.VariantType.UInt16, lambda m: _HEALTH[m.condition]),
        Variable(
            "/ctrl/uptime",
            "uptime",
            ua.VariantType.Double,
            lambda m: duration_in(m.operating_hours * 3600, 1e-3),
            data_type=_DURATION,
        ),
        Variable(
            "/ctrl/ovr",
            "ovr",
            _FLOAT,
            lambda m: m.speed_override / 100,
            write=Numbers(0, MAXIMUM_OVERRIDE / 100, set_override(100)),
        ),
        Variable("/ctrl/pwr", "pwr", _FLOAT, lambda m: m.drive.power),
    ),
)
_PROGRAM: Final[Folder[Robot]] = Folder(
    "/prg",
    "prg",
    (
        Variable("/prg/name", "name", _STRING, lambda m: m.program),
        Variable("/prg/job", "job", _STRING, lambda m: m.order, write=Text(32, set_order)),
        Variable(
            "/prg/state",
            "state",
            _INT32,
            lambda m: _PROGRAM_STATES[m.state],
            data_type=_PROGRAM_STATE,
        ),
        Variable(
            "/prg/cycle",
            "cycle",
            ua.VariantType.Double,
            lambda m: m.cycle_time * 1000,
            data_type=_DURATION,
        ),
    ),
    methods=(
        Method(
            "/prg/start",
            "start",
            (Input("job", _STRING, is_order(32)), Input("n", _INT32, is_quantity)),
            (Output("end", ua.VariantType.DateTime), Output("cycles", _INT64)),
            lambda m, job, n: tuple(reversed(start_order(m, job, n))),
        ),
    ),
)
_AXES: Final[Folder[Robot]] = Folder(
    "/ax",
    "ax",
    (
        Variable("/ax/1/vel", "vel1", _FLOAT, lambda m: m.drive.speed * 360),
        Variable("/ax/temp", "temp", _FLOAT, lambda m: list(m.joint_temperatures), length=6),
        Variable(
            "/ax/drvtemp", "drvtemp", _FLOAT, lambda m: m.drive_temperature, broken=broken_sensor
        ),
        Variable("/ax/vib", "vib", _FLOAT, lambda m: m.drive.vibration / 1000),
        Variable("/ax/gearwear", "gearwear", _FLOAT, lambda m: m.wear),
        Variable("/ax/poserr", "poserr", _FLOAT, lambda m: m.position_error),
    ),
)
_COUNTERS: Final[Folder[Robot]] = Folder(
    "/cnt",
    "cnt",
    (
        Variable("/cnt/cycles", "cycles", _INT64, lambda m: m.production.cycles),
        Variable("/cnt/svc", "svc", _INT64, lambda m: m.production.cycles_since_service),
        Variable("/cnt/parts", "parts", _INT64, lambda m: m.production.produced),
        Variable("/cnt/ok", "ok", _INT64, lambda m: m.production.good),
        Variable("/cnt/nok", "nok", _INT64, lambda m: m.production.scrap),
        Variable("/cnt/fpy", "fpy", _FLOAT, lambda m: m.production.first_pass_yield / 100),
    ),
)

ROBOT: Final[Vendor[Robot]] = Vendor(
    key="robot",
    manufacturer="Aratis Robotics",
    product="Aratis RC7",
    path="aratis",
    locale="en",
    namespace="http://aratis.example/UA/rc7/",
    types="http://aratis.example/UA/rc7/types/",
    machine=Robot,
    root=Folder("/", "rc7", (_CONTROLLER, _PROGRAM, _AXES, _COUNTERS)),
)
