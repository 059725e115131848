"""What carries out an Operation: the call that it gets, the outcome that it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from aas_server.errors import AasError
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.metamodel.views import Extent, Level, value_only

MessageType: TypeAlias = Literal["Info", "Warning", "Error", "Exception"]


@dataclass(frozen=True, slots=True)
class Message:
    """What the caller is told beside the results (IDTA-01002, Message)."""

    text: str
    type: MessageType = "Info"
    code: str | None = None


class OperationFailed(AasError):
    """The Operation was carried out and did not succeed: the drawer is open, the job is unknown.

    The caller gets an OperationResult with ``executionState`` Failed and this text, and no HTTP
    error.
    """

    code = "OperationFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCall:
    """One invocation, its arguments checked and complete.

    ``inputs`` and ``inoutputs`` are submodel elements in the normal form by their idShorts, in the
    order of the Operation's variables; ``operation`` is the Operation itself. ``timeout`` is how
    many seconds the executor has before it is cancelled.
    """

    submodel_id: str
    path: IdShortPath
    operation: Node
    inputs: Mapping[str, Node]
    inoutputs: Mapping[str, Node]
    timeout: float
    actor: str

    @property
    def name(self) -> str:
        """Return which Operation this is: ``submodel id/idShortPath``."""
        return f"{self.submodel_id}/{format_id_short_path(self.path)}"

    @property
    def arguments(self) -> dict[str, Node]:
        """Return the input and the inoutput arguments, as elements in the normal form."""
        return {**self.inputs, **self.inoutputs}

    @property
    def values(self) -> dict[str, Any]:
        """Return the input and the inoutput arguments in the ValueOnly form."""
        return {
            name: value_only(element, Level.DEEP, Extent.WITH_BLOB_VALUE)
            for name, element in self.arguments.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationOutcome:
    """What came of a call: output and inoutput variables by their idShorts.

    ``values`` are in the ValueOnly form, ``elements`` in the normal form, for executors that have
    it. What is named in neither keeps its default, an inoutput the value that came in. ``success``
    says whether it succeeded in the matter.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    elements: Mapping[str, Node] = field(default_factory=dict)
    success: bool = True
    messages: tuple[Message, ...] = ()


class Executor(Protocol):
    """Carries out one Operation or many."""

    async def execute(self, call: OperationCall) -> OperationOutcome:
        """Carry out ``call``; cancelled when it takes too long.

        Raises ``OperationFailed`` for a failure in the matter, another ``AasError`` when it could
        not be carried out.
        """
