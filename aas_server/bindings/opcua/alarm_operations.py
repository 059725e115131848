"""What operators do with alarms, as Operations: acknowledge, confirm, comment (OPC 10000-9 5.5,
5.7).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.client_values import from_client
from aas_server.bindings.opcua.active_alarms import ActiveAlarms
from aas_server.bindings.opcua.conditions import ConditionEvent
from aas_server.bindings.opcua.nodes import NodeProblem
from aas_server.bindings.opcua.problems import (
    CODE_MASK,
    describe,
    describe_status,
    device_error,
    status_name,
    unreachable,
)
from aas_server.bindings.opcua.supervisor import OpcUaSupervisor
from aas_server.bindings.opcua.variants import numeric
from aas_server.bindings.opcua.writer import Line
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.bindings.plant.methods import OperationElementSettings
from aas_server.errors import AasError, BadRequest, NotSupported
from aas_server.live.values import Quality, quality_of
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.operations.executor import Message, OperationCall, OperationOutcome
from aas_server.operations.service import OperationService

log = structlog.get_logger(__name__)

_METHODS: Final[Mapping[str, tuple[int, str]]] = {
    "acknowledge": (ObjectIds.AcknowledgeableConditionType_Acknowledge, "Acknowledge"),
    "confirm": (ObjectIds.AcknowledgeableConditionType_Confirm, "Confirm"),
    "add_comment": (ObjectIds.ConditionType_AddComment, "AddComment"),
}
INPUTS: Final = ("ConditionId", "BranchId", "EventId", "Index", "Comment")
"""Variables that such an Operation may have: the first four say which condition is meant, the
newest event of which is taken unless ``EventId`` names another.
"""

_ANSWER_GRACE: Final = 5.0


class AlarmAction:
    """Carries out one Operation on the conditions of one list.

    ``line`` gives the connection of the moment, ``active`` the list, each None while there is none.
    """

    def __init__(
        self,
        action: str,
        connection: str,
        *,
        line: Callable[[], Line | None],
        active: Callable[[], ActiveAlarms | None],
    ) -> None:
        self._method, self._method_name = _METHODS[action]
        self._connection = connection
        self._line = line
        self._active = active

    async def execute(self, call: OperationCall) -> OperationOutcome:
        """Call the method of the condition that the arguments mean.

        Raises ``BadRequest`` for arguments that mean no active condition, ``NotSupported`` for an
        Operation with other variables, a ``DeviceError`` with the machine's status.
        """
        unknown = [name for name in call.arguments if name not in INPUTS]
        if unknown:
            raise NotSupported(
                f"the Operation has the variable {unknown[0]!r}, and {self._method_name} takes "
                f"{', '.join(INPUTS)}"
            )
        line, active = self._line(), self._active()
        if line is None or active is None:
            raise unreachable(
                f"the machine cannot be reached: connection {self._connection!r} is down",
                path=call.name,
            )
        condition_id, event_id = _meant(call, active)
        arguments = [
            ua.Variant(event_id, ua.VariantType.ByteString),
            ua.Variant(_comment(call.arguments.get("Comment")), ua.VariantType.LocalizedText),
        ]
        owner = line.nodes.resolve(condition_id)
        if isinstance(owner, NodeProblem):
            raise device_error(owner.status_code, owner.text, path=call.name)
        try:
            result = await self._call(line, owner, arguments, call.timeout + _ANSWER_GRACE)
        except UaStatusCodeError as error:
            raise device_error(error.code, describe(error), path=call.name) from error
        except (OSError, UaError) as error:
            text = f"the connection broke: {describe(error)}; the machine may yet carry it out"
            raise unreachable(text, path=call.name) from error
        return _outcome(result.StatusCode.value, call)

    async def _call(
        self, line: Line, owner: ua.NodeId, arguments: list[ua.Variant], seconds: float
    ) -> ua.CallMethodResult:
        """Call the type's method on the condition; servers that want the condition's own get that
        (OPC 10000-9 5.7.3 allows both).
        """
        session = line.session
        method = numeric(self._method)
        result = await session.call(owner, method, arguments, timeout=seconds)
        if result.StatusCode.value & CODE_MASK == StatusCodes.BadMethodInvalid:
            (own,) = await session.view.targets([_component_path(owner, self._method_name)])
            if own is not None:
                result = await session.call(owner, own, arguments, timeout=seconds)
        return result


class AlarmOperations:
    """The Operations of all lists of alarms, registered as the rows say."""

    def __init__(
        self,
        operations: OperationService | None,
        connection: Callable[[str], object | None],
    ) -> None:
        self._operations = operations
        self._connection = connection
        self._registered: dict[tuple[AlarmSettings, str], tuple[str, IdShortPath]] = {}

    def update(self, rows: Iterable[object]) -> None:
        """Carry out the Operations of those of ``rows`` that are lists of alarms, and no others."""
        if self._operations is None:
            return
        wanted = {
            (settings, action): target
            for settings in rows
            if isinstance(settings, AlarmSettings)
            for action, target in _targets(settings)
        }
        for gone in [each for each in self._registered if each not in wanted]:
            self._operations.unregister(*self._registered.pop(gone))
        for (settings, action), target in wanted.items():
            if (settings, action) in self._registered:
                continue
            try:
                key = target.submodel, parse_id_short_path(target.path)
                self._operations.register(*key, self._action(settings, action))
                self._registered[settings, action] = key
            except AasError as error:
                log.warning("operation not carried out", operation=target.name, reason=error.text)

    def _action(self, settings: AlarmSettings, action: str) -> AlarmAction:
        def supervisor() -> OpcUaSupervisor | None:
            found = self._connection(settings.connection)
            return found if isinstance(found, OpcUaSupervisor) else None

        def line() -> Line | None:
            found = supervisor()
            return None if found is None else found.line()

        def active() -> ActiveAlarms | None:
            found = supervisor()
            return None if found is None else found.active_alarms(settings)

        return AlarmAction(action, settings.connection, line=line, active=active)


def _targets(settings: AlarmSettings) -> list[tuple[str, OperationElementSettings]]:
    return [(name, target) for name in _METHODS if (target := getattr(settings, name)) is not None]


def _meant(call: OperationCall, active: ActiveAlarms) -> tuple[str, bytes]:
    """Return the condition and the event that the arguments mean."""
    values = {name: value for name, value in call.values.items() if value is not None}
    event_id = _event_id(values.get("EventId"))
    condition_id, index = values.get("ConditionId"), values.get("Index")
    found: ConditionEvent | None = None
    if condition_id is not None:
        found = active.find(str(condition_id), _text(values.get("BranchId")))
        if found is None and event_id is not None:
            return str(condition_id), event_id
    elif event_id is not None:
        found = active.find_event(event_id)
    elif index is not None:
        shown = active.shown()
        if not 0 <= int(index) < len(shown):
            raise BadRequest(f"the list has {len(shown)} conditions", path="inputArguments.Index")
        found = shown[int(index)]
    else:
        raise BadRequest(
            "say which condition is meant: ConditionId, EventId or Index", path="inputArguments"
        )
    if found is None or found.condition_id is None:
        name = "EventId" if condition_id is None else "ConditionId"
        text = "is none of the active conditions; perhaps it is over"
        raise BadRequest(text, path=f"inputArguments.{name}")
    return found.condition_id, found.event_id if event_id is None else event_id


def _event_id(text: Any) -> bytes | None:
    if not text:
        return None
    try:
        return base64.b64decode("".join(str(text).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("is no base64", path="inputArguments.EventId") from error


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


def _comment(element: Node | None) -> ua.LocalizedText:
    """Return a comment; a null one leaves the condition's as it is."""
    if element is None or element.get("value") in (None, "", []):
        return ua.LocalizedText()
    if element.get("modelType") != "MultiLanguageProperty":
        return ua.LocalizedText(str(element["value"]))
    entries = [{each["language"]: each["text"]} for each in element["value"]]
    try:
        text = from_client("MultiLanguageProperty", None, entries)
    except ValueError as error:
        raise BadRequest(str(error), path="inputArguments.Comment") from error
    return ua.LocalizedText(text["text"], text["language"] or None)


def _component_path(owner: ua.NodeId, name: str) -> ua.BrowsePath:
    element = ua.RelativePathElement(
        ReferenceTypeId=numeric(ObjectIds.HasComponent),
        IsInverse=False,  # type: ignore[arg-type]  # asyncua annotates bool as a class of its own
        IncludeSubtypes=True,  # type: ignore[arg-type]
        TargetName=ua.QualifiedName(name, 0),
    )
    return ua.BrowsePath(owner, ua.RelativePath([element]))


def _outcome(status: int, call: OperationCall) -> OperationOutcome:
    quality = quality_of(status)
    if quality is Quality.BAD:
        text = f"the machine refused: {describe_status(status)}"
        raise device_error(status, text, path=call.name)
    if quality is Quality.GOOD:
        return OperationOutcome()
    return OperationOutcome(
        messages=(Message(f"the machine says {status_name(status)}", "Warning"),)
    )
