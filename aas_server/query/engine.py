"""Carrying out a query: candidates in their order, each asked whether it fulfils the condition."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from aas_server.clock import Clock
from aas_server.errors import BadRequest
from aas_server.live.hub import LiveHub
from aas_server.query.candidates import ROOTS, Candidate, Candidates
from aas_server.query.evaluation import Subject, fulfils
from aas_server.query.expression import Condition, Query, comparisons
from aas_server.query.fields import Root
from aas_server.query.filtering import without_fragments
from aas_server.query.partners import Partners
from aas_server.query.plan import plan
from aas_server.query.reading import Tree
from aas_server.query.resolving import Resolver, Steps
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

SLICE: Final = 0.005
"""Seconds that evaluation keeps the event loop for itself at most, but for one document."""

_encode: Final = msgspec.json.Encoder().encode


class QueryTimeout(BadRequest):
    """A query that took longer than queries may."""

    code = "QueryTimeout"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may cost: ``seconds`` until its page is there."""

    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of what was found: JSON texts of documents, or of their ids.

    ``cursor`` leads to what may be found behind it, None when nothing can; ``examined`` is how many
    documents were looked at, ``steps`` how they were found.
    """

    items: Sequence[bytes]
    cursor: str | None
    examined: int
    steps: Sequence[str]


class QueryEngine:
    """Finds documents by conditions; belongs to one event loop, in which it takes small steps."""

    def __init__(
        self,
        repository: Repository,
        registry: Registry,
        hub: LiveHub,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        self._resolver = Resolver(repository, hub)
        self._candidates = Candidates(repository, registry)
        self._partners = Partners(repository)
        self._clock = clock
        self._limits = limits or Limits()

    async def ask(
        self, kind: Kind, query: Query, *, limit: int, cursor: str | None, url: str
    ) -> Answer:
        """Return up to ``limit`` documents of ``kind`` that fulfil the query, from ``cursor`` on.

        Raises ``QueryTimeout``, ``BadRequest`` for a cursor that this server did not make,
        ``StoreUnavailable``.
        """
        work = self._ask(kind, query, limit, cursor, url)
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await work
        except TimeoutError:
            raise QueryTimeout(
                f"the query took longer than {self._limits.seconds:g} s: narrow it down, by an id, "
                "an idShort, a semanticId or an asset id, or ask for fewer results (limit)"
            ) from None

    async def _ask(
        self, kind: Kind, query: Query, limit: int, cursor: str | None, url: str
    ) -> Answer:
        root = ROOTS[kind]
        steps = Steps()
        places = await self._resolver.places(plan(query.condition), root, steps)
        asked = _roots(query.condition) | {
            each for one in query.filters for each in _roots(one.condition)
        }
        found: list[bytes] = []
        examined = 0
        until = self._clock.monotonic() + SLICE
        async for candidates, following in self._candidates.pieces(
            kind, places, cursor=cursor, url=url
        ):
            nodes = [candidate.node() for candidate in candidates]
            partners = await self._partners.of(kind, nodes, asked)
            for candidate, node, trees in zip(candidates, nodes, partners, strict=True):
                examined += 1
                subject = Subject({root: [Tree(node)], **trees}, frozenset(trees))
                if fulfils(subject, query.condition) is True:
                    found.append(_item(query, candidate, node, root, subject))
                    if len(found) == limit:
                        is_last = following is None and candidate is candidates[-1]
                        following = None if is_last else candidate.cursor
                        return Answer(found, following, examined, steps.lines)
                if self._clock.monotonic() >= until:
                    await asyncio.sleep(0)
                    until = self._clock.monotonic() + SLICE
        return Answer(found, None, examined, steps.lines)


def _item(
    query: Query, candidate: Candidate, node: Mapping[str, Any], root: Root, subject: Subject
) -> bytes:
    if query.ids_only:
        return _encode(candidate.id)
    if query.filters:
        return _encode(without_fragments(dict(node), root, subject, query.filters))
    return candidate.body


def _roots(condition: Condition) -> set[Root]:
    """Return the roots whose documents a condition needs."""
    fields = [field for each in comparisons(condition) for field in each.fields()]
    return {Root.SUBMODEL if each.root is Root.ELEMENT else each.root for each in fields}
