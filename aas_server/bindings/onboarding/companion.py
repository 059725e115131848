"""What companion specifications call the things that our templates have a place for.

A table: each rule names a node by its type, by the qualified names that lead to it, or both, and
the elements that it feeds. Names are qualified by the specification's namespace, and types count
with all that they are derived from, so that a vendor's own subtype of a MachineTool is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aas_server.bindings.opcua.address_space import STANDARD, MachineNode, QualifiedName

SPECIFICATIONS: Final = {
    "ua": STANDARD,
    "di": "http://opcfoundation.org/UA/DI/",
    "machinery": "http://opcfoundation.org/UA/Machinery/",
    "tool": "http://opcfoundation.org/UA/MachineTool/",
    "packml": "http://opcfoundation.org/UA/PackML/",
    "robotics": "http://opcfoundation.org/UA/Robotics/",
    "cnc": "http://opcfoundation.org/UA/CNC",
}
"""The namespaces of the specifications by the short names of the table."""

STATE: Final = "OperationalData/State."
SIGNALS: Final = "OperationalData/Signals."
COUNTERS: Final = "OperationalData/Counters."
UPKEEP: Final = "Maintenance/Counters."
YIELDS: Final = "Quality/Yields."


@dataclass(frozen=True, slots=True)
class Rule:
    """A node that a specification defines, and what it feeds.

    ``path`` are the names from an object or variable to the node, the node's own last, ``type`` is
    the type of where the path begins (a rule without a path means that node itself). ``sinks`` are
    ``template/idShortPath``. ``texts`` are the model's texts by the device's numbers or texts.
    ``unit`` is the sink's unit (UCUM) and ``assumed`` the node's, where it tells none itself.
    ``is_wear`` makes a percentage of what lies between StartValue and
    LimitValue.
    """

    sinks: tuple[str, ...]
    path: tuple[str, ...] = ()
    type: str | None = None
    texts: Mapping[int, str] | Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    assumed: str | None = None
    is_wear: bool = False

    def matches(self, node: MachineNode) -> bool:
        """Return whether ``node`` is the one that the rule means."""
        current: MachineNode | None = node
        for name in reversed(self.path):
            if current is None or current.name != qualified(name):
                return False
            current = current.parent
        if self.type is None:
            return True
        return current is not None and qualified(self.type) in current.types


def qualified(name: str) -> QualifiedName:
    """Return the qualified name that the table writes as ``di:DeviceHealth``."""
    alias, _, local = name.partition(":")
    return QualifiedName(SPECIFICATIONS[alias], local)


_ITEM_STATES: Final = ("Unknown", "Stopped", "Idle", "Execute")
_ITEM_STATE_NAMES: Final = ("NotAvailable", "OutOfService", "NotExecuting", "Executing")
_MODES: Final = {1: "Maintenance", 2: "Setup", 3: "Automatic"}
_MODE_NAMES: Final = {"Maintenance": "Maintenance", "Setup": "Setup", "Processing": "Automatic"}
_PROGRAM_STATES: Final = {
    "Initializing": "Starting", "Running": "Execute", "Ended": "Complete", "Interrupted": "Held",
    "Aborted": "Aborted",
}  # fmt: skip
_PACKML_STATES: Final = (
    "Stopped", "Idle", "Starting", "Execute", "Holding", "Held", "Unholding", "Suspending",
    "Suspended", "Unsuspending", "Completing", "Complete", "Resetting", "Stopping", "Aborting",
    "Aborted", "Clearing",
)  # fmt: skip
_HEALTH: Final = (
    "normal", "failure", "function check", "out of specification", "maintenance request",
)  # fmt: skip
_ITEM_STATE: Final = ("machinery:MachineryItemState", "ua:CurrentState")
_MODE: Final = ("machinery:MachineryOperationMode", "ua:CurrentState")

RULES: Final = (
    # ---- state (Machinery, MachineTool, PackML, Robotics, CNC) ----
    Rule((f"{STATE}OperatingState",), (*_ITEM_STATE, "ua:Number"),
         texts=dict(enumerate(_ITEM_STATES))),
    Rule((f"{STATE}OperatingState",), _ITEM_STATE,
         texts=dict(zip(_ITEM_STATE_NAMES, _ITEM_STATES, strict=True))),
    Rule((f"{STATE}OperatingState",), ("ua:CurrentState",),
         type="packml:PackMLExecuteStateMachineType",
         texts={name: name for name in _PACKML_STATES}),
    Rule((f"{STATE}OperatingState",), ("tool:ActiveProgram", "tool:State", "ua:CurrentState"),
         texts=_PROGRAM_STATES),
    Rule((f"{STATE}OperatingMode",), (*_MODE, "ua:Number"), texts=_MODES),
    Rule((f"{STATE}OperatingMode",), _MODE, texts=_MODE_NAMES),
    Rule((f"{STATE}OperatingMode",), ("tool:OperationMode",),
         type="tool:MachineOperationMonitoringType",
         texts={0: "Manual", 1: "Automatic", 2: "Setup", 3: "SemiAutomatic", 4: "Maintenance"}),
    Rule((f"{STATE}OperatingMode",), ("robotics:OperationalMode",),
         texts={1: "Manual", 2: "Manual", 3: "Automatic", 4: "Automatic"}),
    Rule((f"{STATE}OperatingMode",), ("cnc:ActOperationMode",),
         texts={0: "Manual", 1: "SemiAutomatic", 2: "Automatic"}),
    Rule((f"{STATE}ConditionStatus",), ("di:DeviceHealth",), texts=dict(enumerate(_HEALTH))),
    Rule((f"{STATE}ActiveProgram",), ("tool:ActiveProgram", "tool:Name")),
    Rule((f"{STATE}ActiveProgram",), ("robotics:TaskProgramName",)),
    Rule((f"{STATE}ActiveProgram",), ("cnc:ActMainProgramName",)),
    Rule((f"{STATE}ActiveOrder",), ("tool:ActiveProgram", "tool:JobIdentifier")),
    # ---- counters (DI, Machinery, MachineTool, Robotics) ----
    Rule((f"{COUNTERS}PowerOnHours",), ("di:PowerOnDuration",), unit="h", assumed="ms"),
    Rule((f"{COUNTERS}PowerOnHours",), ("tool:PowerOnDuration",), unit="h", assumed="h"),
    Rule((f"{COUNTERS}OperatingHours", f"{UPKEEP}OperatingHours"), ("di:OperationDuration",),
         unit="h", assumed="ms"),
    Rule((f"{COUNTERS}CycleCount",), ("di:OperationCycleCounter",)),
    Rule((f"{COUNTERS}EnergyConsumed",), ("robotics:TotalEnergyConsumption",), unit="kW.h"),
    # ---- pieces (MachineTool) ----
    Rule((f"{COUNTERS}ProducedQuantity", f"{YIELDS}ProducedQuantity"), ("tool:PartsCompleted",),
         type="tool:ProductionJobType"),
    Rule((f"{COUNTERS}ProducedQuantity",), ("tool:PartsProducedInLifetime",)),
    Rule((f"{COUNTERS}GoodQuantity", f"{YIELDS}GoodQuantity"), ("tool:PartsGood",),
         type="tool:ProductionJobType"),
    # ---- wear (DI, MachineTool) ----
    Rule((f"{UPKEEP}WearIndicator", f"{SIGNALS}ToolWear"), type="tool:ToolLifeType",
         unit="%", is_wear=True),
    Rule((f"{UPKEEP}WearIndicator",), type="di:LifetimeVariableType", unit="%", is_wear=True),
    # ---- signals known by name ----
    Rule((f"{SIGNALS}SpeedOverride",), ("robotics:SpeedOverride",), unit="%", assumed="%"),
    Rule((f"{SIGNALS}FeedRate",), ("cnc:ActFeedrate",), unit="mm/s"),
)  # fmt: skip
"""The first rule that means a node and whose sinks are free decides; of several nodes that a rule
means, the one nearest to the root."""
