"""Valbruna Imballaggi: Italian names, GUID node ids, scaled integers without units, PackML."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from asyncua import ua

from examples.plant.physics.machine import MAXIMUM_OVERRIDE
from examples.plant.physics.packer import Packer
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState
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

_INT32: Final = ua.VariantType.Int32
_UINT32: Final = ua.VariantType.UInt32
_STRING: Final = ua.VariantType.String
_INT32_MAX: Final = 2_147_483_647
_UINT32_MAX: Final = 4_294_967_295
_ABSOLUTE_ZERO: Final = -273.15  # °C

# PackML numbers of states (OPC 30050, ISA-TR88.00.02)
_STATES: Final = {
    OperatingState.OFF: 0,
    OperatingState.STOPPED: 2,
    OperatingState.STARTING: 3,
    OperatingState.IDLE: 4,
    OperatingState.SUSPENDED: 5,
    OperatingState.EXECUTE: 6,
    OperatingState.ABORTED: 9,
    OperatingState.HELD: 11,
    OperatingState.COMPLETING: 16,
}
# PackML numbers of modes; from 4 on they are the vendor's own.
_MODES: Final = {
    OperatingMode.AUTOMATIC: 1,
    OperatingMode.MAINTENANCE: 2,
    OperatingMode.MANUAL: 3,
    OperatingMode.SETUP: 4,
    OperatingMode.SEMI_AUTOMATIC: 5,
}
_CONDITIONS: Final = {
    ConditionStatus.NORMAL: "regolare",
    ConditionStatus.FAILURE: "guasto",
    ConditionStatus.FUNCTION_CHECK: "verifica",
    ConditionStatus.OUT_OF_SPECIFICATION: "fuori specifica",
    ConditionStatus.MAINTENANCE_REQUEST: "richiesta manutenzione",
}


def _id(number: int) -> UUID:
    return UUID(f"7c1e4a50-{number:04x}-4d6b-9a3e-51f0c2b8d7e4")


def _decikelvin(celsius: float) -> int:
    return scaled(celsius - _ABSOLUTE_ZERO, 10, 0, _INT32_MAX)


_STATUS: Final[Folder[Packer]] = Folder(
    _id(0x100),
    "Stato",
    (
        Variable(_id(0x101), "StatoCorrente", _UINT32, lambda m: _STATES[m.state]),
        Variable(_id(0x102), "ModoCorrente", _UINT32, lambda m: _MODES[m.mode]),
        Variable(_id(0x103), "StatoDal", ua.VariantType.DateTime, lambda m: m.state_since),
        Variable(_id(0x104), "Ricetta", _STRING, lambda m: m.program),
        Variable(_id(0x105), "Commessa", _STRING, lambda m: m.order, write=Text(20, set_order)),
        Variable(_id(0x106), "Diagnosi", _STRING, lambda m: _CONDITIONS[m.condition]),
        Variable(
            _id(0x107),
            "MinutiDiMarcia",
            _UINT32,
            lambda m: scaled(m.operating_hours, 60, 0, _UINT32_MAX),
        ),
    ),
    methods=(
        Method(
            _id(0x110),
            "AvviaCommessa",
            (Input("Quantita", _INT32, is_quantity), Input("Commessa", _STRING, is_order(20))),
            (Output("Cicli", _UINT32), Output("Fine", ua.VariantType.DateTime)),
            lambda m, quantity, order: start_order(m, order, quantity),
        ),
    ),
)
_MAIN_SHAFT: Final[Folder[Packer]] = Folder(
    _id(0x200),
    "AlberoPrincipale",
    (
        Variable(
            _id(0x201),
            "GiriOrari",
            _INT32,
            lambda m: scaled(m.drive.speed, 3600, 0, _INT32_MAX),
        ),
        Variable(
            _id(0x202),
            "TemperaturaMotore",
            _INT32,
            lambda m: _decikelvin(m.drive_temperature),
            broken=broken_sensor,
        ),
        Variable(
            _id(0x203),
            "Vibrazione",
            _INT32,
            lambda m: scaled(m.drive.vibration, 1000, 0, _INT32_MAX),
        ),
        Variable(
            _id(0x204),
            "PotenzaAssorbita",
            _UINT32,
            lambda m: scaled(m.drive.power, 1000, 0, _UINT32_MAX),
        ),
        Variable(
            _id(0x205),
            "Velocita",
            ua.VariantType.Byte,
            lambda m: scaled(m.speed_override, 1, 0, 255),
            write=Numbers(0, MAXIMUM_OVERRIDE, set_override(1)),
        ),
        Variable(
            _id(0x206),
            "UsuraNastro",
            ua.VariantType.UInt16,
            lambda m: scaled(m.wear, 100, 0, 10_000),
        ),
    ),
)
_LINE: Final[Folder[Packer]] = Folder(
    _id(0x300),
    "Linea",
    (
        Variable(
            _id(0x301),
            "ConfezioniAlMinuto",
            ua.VariantType.Float,
            lambda m: m.line_speed * 60,
        ),
        Variable(
            _id(0x302),
            "TempoCiclo",
            _INT32,
            lambda m: scaled(m.cycle_time, 1000, 0, _INT32_MAX),
        ),
        Variable(
            _id(0x303), "TemperaturaSaldatura", _INT32, lambda m: _decikelvin(m.seal_temperature)
        ),
    ),
)
_COUNTERS: Final[Folder[Packer]] = Folder(
    _id(0x400),
    "Contatori",
    (
        Variable(_id(0x401), "Cicli", _UINT32, lambda m: m.production.cycles),
        Variable(
            _id(0x402),
            "CicliDallaManutenzione",
            _UINT32,
            lambda m: m.production.cycles_since_service,
        ),
        Variable(_id(0x403), "Prodotti", _INT32, lambda m: m.production.produced),
        Variable(_id(0x404), "Buoni", _INT32, lambda m: m.production.good),
        Variable(_id(0x405), "Scarti", _INT32, lambda m: m.production.scrap),
        Variable(
            _id(0x406),
            "BuoniAlPrimoPassaggio",
            ua.VariantType.UInt16,
            lambda m: scaled(m.production.first_pass_yield, 100, 0, 10_000),
        ),
    ),
)

PACKER: Final[Vendor[Packer]] = Vendor(
    key="packer",
    manufacturer="Valbruna Imballaggi",
    product="Valbruna Linea 9",
    path="valbruna",
    locale="it",
    namespace="http://valbruna.example/UA/Linea9/",
    types="http://valbruna.example/UA/Tipi/",
    machine=Packer,
    root=Folder(_id(0x001), "Linea 9", (_STATUS, _MAIN_SHAFT, _LINE, _COUNTERS)),
)
