"""Invoking Operations: who carries one out, its arguments, its time, its results."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from aas_server.clock import Clock
from aas_server.errors import AasError, Conflict, NotAllowed
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, resolve
from aas_server.operations.arguments import WrongOutputs, read_arguments, read_outputs
from aas_server.operations.delegate import QUALIFIER, DelegateExecutor
from aas_server.operations.executor import Executor, Message, OperationCall, OperationFailed
from aas_server.operations.functions import FunctionExecutors
from aas_server.operations.job import Job, JobState
from aas_server.operations.jobs import Jobs
from aas_server.operations.plugin import ENTRY_POINT_GROUP
from aas_server.operations.records import JsonCodec
from aas_server.repository.repository import Repository

log = structlog.get_logger(__name__)

_NO_OUTPUTS: Final[tuple[Node, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationResult:
    """How an invocation ended (IDTA-01002, OperationResult).

    ``outputs`` and ``inoutputs`` are elements in the normal form; there are none unless ``state``
    is Completed. ``ended_at`` is in microseconds since the epoch.
    """

    state: JobState
    success: bool
    ended_at: int
    outputs: tuple[Node, ...] = _NO_OUTPUTS
    inoutputs: tuple[Node, ...] = _NO_OUTPUTS
    messages: tuple[Message, ...] = ()


_CODEC: Final = JsonCodec(OperationResult)


class OperationService:
    """Carries out Operations of submodels.

    What an Operation does is decided at the call: by an executor that was registered for it (a
    machine's method), by the address in its qualifier ``invocationDelegation``, or by the function
    of a plugin. ``timeout`` (seconds) is the longest that one may take, whatever a client asks for;
    ``delegation_hosts`` (``host`` or ``host:port``) are the servers that may be delegated to.
    """

    def __init__(
        self,
        repository: Repository,
        jobs: Jobs,
        clock: Clock,
        *,
        timeout: float = 60.0,
        delegation_hosts: tuple[str, ...] = (),
        functions: FunctionExecutors | None = None,
    ) -> None:
        self._repository = repository
        self._jobs = jobs
        self._clock = clock
        self._timeout = timeout
        self._delegate = DelegateExecutor(delegation_hosts)
        self._functions = FunctionExecutors.load() if functions is None else functions
        self._registered: dict[tuple[str, IdShortPath], Executor] = {}

    async def stop(self) -> None:
        """Close what delegated calls go through; the jobs are stopped by their owner, before."""
        await self._delegate.close()

    def register(self, submodel_id: str, path: IdShortPath, executor: Executor) -> None:
        """Let ``executor`` carry out the Operation at ``path``, whether it is there yet or not.

        Raises ``Conflict`` when another one does.
        """
        if (submodel_id, path) in self._registered:
            name = f"{submodel_id}/{format_id_short_path(path)}"
            raise Conflict(f"{name} is carried out by something else already")
        self._registered[submodel_id, path] = executor

    def unregister(self, submodel_id: str, path: IdShortPath) -> None:
        """Take back what was registered; without effect when nothing is."""
        self._registered.pop((submodel_id, path), None)

    async def invoke(
        self, submodel_id: str, path: IdShortPath, body: Any, *, value_only: bool, actor: str
    ) -> OperationResult:
        """Carry out an Operation and return how it ended, a failure in the matter included.

        ``body`` is the decoded OperationRequest, ``value_only`` says of which form. Raises
        ``NotFound``, ``NotAllowed`` for what is no Operation or when nothing carries
        it out, ``BadRequest`` for wrong arguments, and the executor's own ``AasError``.
        """
        executor, call = await self._prepared(submodel_id, path, body, value_only, actor)
        return await self._carried_out(executor, call)

    async def invoke_async(
        self, submodel_id: str, path: IdShortPath, body: Any, *, value_only: bool, actor: str
    ) -> Job[OperationResult]:
        """Begin to carry out an Operation and return its job at once.

        Everything but the executor's own errors is found now and raised as by ``invoke``; those
        are told by the job's result. Raises ``JobRefused`` when too much is under way,
        ``StoreUnavailable`` when the job cannot be stored.
        """
        executor, call = await self._prepared(submodel_id, path, body, value_only, actor)

        async def work() -> OperationResult:
            try:
                return await self._carried_out(executor, call)
            except AasError as error:
                return self._failed(error)

        return await self._jobs.start(work, owner=call.name, codec=_CODEC)

    async def find(self, submodel_id: str, path: IdShortPath, handle: str) -> Job[OperationResult]:
        """Return the job ``handle`` of this Operation; raises ``NotFound``."""
        owner = f"{submodel_id}/{format_id_short_path(path)}"
        return await self._jobs.find(handle, owner=owner, codec=_CODEC)

    async def _prepared(
        self, submodel_id: str, path: IdShortPath, body: Any, value_only: bool, actor: str
    ) -> tuple[Executor, OperationCall]:
        submodel = await self._repository.submodels.get(submodel_id)
        operation = resolve(submodel.tree(), path)
        if operation.get("modelType") != "Operation":
            raise NotAllowed(
                f"a {operation.get('modelType')} cannot be invoked: only an Operation can",
                path="idShortPath",
            )
        arguments = read_arguments(operation, body, value_only=value_only)
        call = OperationCall(
            submodel_id=submodel_id,
            path=path,
            operation=operation,
            inputs=arguments.inputs,
            inoutputs=arguments.inoutputs,
            timeout=min(arguments.timeout or self._timeout, self._timeout),
            actor=actor,
        )
        return self._executor(call), call

    def _executor(self, call: OperationCall) -> Executor:
        registered = self._registered.get((call.submodel_id, call.path))
        if registered is not None:
            return registered
        if self._delegate.address(call.operation) is not None:
            return self._delegate
        function = self._functions.find(call.submodel_id, call.path, call.operation)
        if function is not None:
            return function
        raise NotAllowed(
            f"nothing carries out {call.name}: bind it to a machine's method under operations in "
            f"the plant file, give it a qualifier {QUALIFIER} with the address of a service, or "
            f"install a plugin ({ENTRY_POINT_GROUP}) for it",
            path="idShortPath",
        )

    async def _carried_out(self, executor: Executor, call: OperationCall) -> OperationResult:
        scope = asyncio.timeout(call.timeout)
        try:
            async with scope:
                outcome = await executor.execute(call)
            outputs, inoutputs = read_outputs(call.operation, outcome, call.inoutputs)
        except (OperationFailed, WrongOutputs) as error:
            return self._failed(error)
        except TimeoutError:
            if not scope.expired():
                raise
            return self._timed_out(call)
        return OperationResult(
            state=JobState.COMPLETED,
            success=outcome.success,
            ended_at=self._clock.now(),
            outputs=tuple(outputs),
            inoutputs=tuple(inoutputs),
            messages=outcome.messages,
        )

    def _failed(self, error: AasError) -> OperationResult:
        return OperationResult(
            state=JobState.FAILED,
            success=False,
            ended_at=self._clock.now(),
            messages=(Message(str(error), "Error", error.code),),
        )

    def _timed_out(self, call: OperationCall) -> OperationResult:
        text = f"not finished within {call.timeout:g} s; whoever carries it out may yet finish it"
        return replace(
            self._failed(OperationFailed(text)),
            state=JobState.TIMEOUT,
            messages=(Message(text, "Error", "Timeout"),),
        )
