"""SPARQL 1.1 over all documents and live values, when a setting turns it on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from aas_server.clock import Clock
from aas_server.errors import AasError, BadRequest, StoreUnavailable
from aas_server.live.hub import LiveHub
from aas_server.query.engine import QueryTimeout
from aas_server.query.sparql.live_statements import LiveStatements
from aas_server.query.sparql.messages import Answered, Described, Outcome, Question
from aas_server.query.sparql.mirror import Mirror, MirrorLost
from aas_server.query.sparql.scanning import scan
from aas_server.query.sparql.vocabulary import LIVE_GRAPH
from aas_server.repository.repository import Repository

log = structlog.get_logger(__name__)

_PAUSES: Final = (1.0, 5.0, 30.0)
"""Seconds between two attempts to make the graphs; the last one again and again."""
_LOOK: Final = 1.0
"""Seconds between two looks for what changed, when nobody asks."""


class SparqlNotReady(StoreUnavailable):
    """The graphs are still being made, or more questions wait than may."""


class AnswerTooLarge(BadRequest):
    """An answer, or what it takes to find it, that is larger than it may be."""

    code = "AnswerTooLarge"


class NoSuchForm(BadRequest):
    """None of the forms that the client takes is one in which this query is answered."""

    code = "NotAcceptable"


@dataclass(frozen=True, slots=True)
class SparqlLimits:
    """What questions may cost: seconds and bytes of one, and how many there may be at a time.

    ``garbage`` is the number of statements that are gone and still in memory from which on the
    graphs are made anew, and they have to be more than those that are in use.
    """

    seconds: float = 30.0
    answer: int = 64 * 1024**2
    memory: int = 512 * 1024**2
    at_once: int = 2
    waiting: int = 16
    garbage: int = 200_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks, by the SPARQL 1.1 protocol, and in which forms it takes the answer."""

    text: str
    form: str | None
    graph_form: str | None
    default_graphs: Sequence[str] = ()
    named_graphs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: ``body`` in the form ``media_type``."""

    body: bytes
    media_type: str


class SparqlService:
    """Answers questions from a mirror of the repository, which it makes and makes anew."""

    def __init__(
        self,
        repository: Repository,
        hub: LiveHub,
        clock: Clock,
        limits: SparqlLimits | None = None,
    ) -> None:
        self._repository = repository
        self._hub = hub
        self._limits = limits or SparqlLimits()
        self._live = LiveStatements(repository, hub, clock)
        self._mirror: Mirror | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._room = asyncio.Semaphore(self._limits.at_once)
        self._waiting = 0

    def start(self) -> None:
        """Begin to make the graphs, in the background."""
        self._task = asyncio.create_task(self._run(), name="keeping RDF graphs")

    async def stop(self) -> None:
        """End the process with the graphs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def ready(self) -> None:
        """Return when the graphs are there."""
        await self._ready.wait()

    async def ask(self, asked: Asked) -> Found:
        """Answer a question from everything that was committed before it, and the present values.

        Raises ``BadRequest`` for what is no query, ``QueryTimeout``, ``AnswerTooLarge``,
        ``NoSuchForm``, and ``SparqlNotReady`` while there are no graphs or too many ask.
        """
        scanned = scan(asked.text)
        if self._waiting >= self._limits.waiting + self._limits.at_once:
            raise SparqlNotReady("too many SPARQL queries are waiting: try again in a moment")
        self._waiting += 1
        try:
            async with self._room:
                return _found(await self._ask(asked, names_graphs=scanned.names_graphs))
        except MirrorLost as error:
            raise SparqlNotReady(error.text) from error
        finally:
            self._waiting -= 1

    async def _ask(self, asked: Asked, *, names_graphs: bool) -> Answered:
        mirror = self._mirror
        if mirror is None or mirror.is_outdated:
            raise SparqlNotReady("the RDF graphs are still being made: try again in a moment")
        await mirror.catch_up()
        limits = self._limits
        question = Question(
            number=mirror.next_number(),
            text=asked.text,
            form=asked.form,
            graph_form=asked.graph_form,
            names_graphs=names_graphs,
            default_graphs=asked.default_graphs,
            named_graphs=asked.named_graphs,
            live=await self._live.all() if _touches(asked, LIVE_GRAPH) else b"",
            made=self._made(),
            seconds=limits.seconds,
            max_bytes=limits.answer,
            max_memory=limits.memory,
        )
        return await mirror.ask(question)

    def _made(self) -> list[Described]:
        """Return the documents that the server makes itself, as they are now."""
        return [
            Described(each.stored.kind.value, each.stored.body)
            for each in self._repository.submodels.generated()
        ]

    async def _run(self) -> None:
        failures = 0
        try:
            while True:
                try:
                    await self._make()
                    failures = 0
                    await self._keep()
                except Exception as error:
                    pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                    failures += 1
                    log.warning(
                        "RDF graphs are made anew",
                        reason=str(error),
                        again_in=pause,
                        # A mistake of ours is told with its place.
                        exc_info=not isinstance(error, AasError | OSError),
                    )
                    await asyncio.sleep(pause)
        finally:
            if self._mirror is not None:
                await self._mirror.close()

    async def _make(self) -> None:
        """Make a mirror and let questions be answered from it; the one before goes."""
        mirror = Mirror(self._repository, self._hub)
        try:
            await mirror.open()
            await mirror.fill()
        except BaseException:
            await mirror.close()
            raise
        former, self._mirror = self._mirror, mirror
        self._ready.set()
        log.info("RDF graphs made", statements=mirror.statements)
        if former is not None:
            await former.close()

    async def _keep(self) -> None:
        """Keep the mirror in step until it has to be made anew; raises ``MirrorLost``."""
        mirror = self._mirror
        while mirror is not None and not mirror.is_outdated:
            await asyncio.sleep(_LOOK)
            with suppress(StoreUnavailable):
                await mirror.catch_up()
            await mirror.sync()
            if mirror.garbage > max(self._limits.garbage, mirror.statements):
                return


def _touches(asked: Asked, graph: str) -> bool:
    """Return whether a question can be about ``graph``: not when it comes with other ones."""
    told = (*asked.default_graphs, *asked.named_graphs)
    return not told or graph in told


def _found(answer: Answered) -> Found:
    if answer.outcome is Outcome.ANSWERED:
        return Found(answer.body, answer.media_type)
    text = answer.body.decode()
    if answer.outcome is Outcome.FAILED:
        raise RuntimeError(f"the graphs could not be asked: {text}")
    raise _ERRORS[answer.outcome](text, path=_PLACE.get(answer.outcome))


_ERRORS: Final[Mapping[Outcome, type[BadRequest]]] = {
    Outcome.REFUSED: BadRequest,
    Outcome.NOT_ACCEPTABLE: NoSuchForm,
    Outcome.TOO_LARGE: AnswerTooLarge,
    Outcome.TOO_COMPLEX: AnswerTooLarge,
    Outcome.TOO_LONG: QueryTimeout,
}
_PLACE: Final[Mapping[Outcome, str]] = {Outcome.REFUSED: "query"}
