"""From a plan to the places of the documents that it lets through, by the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aas_server.live.hub import LiveHub
from aas_server.query.fields import Root
from aas_server.query.live_keys import LiveKeys
from aas_server.query.partners import references
from aas_server.query.plan import Both, Either, Everything, Lookup, Plan
from aas_server.repository.repository import Repository
from aas_server.store.ordered_terms import SUBMODEL, equal_to, looked_at
from aas_server.store.protocol import Kind

MOST_FOUND: Final = 20_000
"""Documents that the index is asked for at once: with more it is better to go through all."""
FEW: Final = 1_000
"""Documents that may as well be asked one by one, without the rest of the index."""
MOST_PARTNERS: Final = 2_000
"""Documents whose partners are looked up one by one."""

Places: TypeAlias = frozenset[int] | None
"""Sequences of documents; None for all of them."""


@dataclass(slots=True)
class Steps:
    """What was done to find candidates, in words; ``--explain`` shows it."""

    lines: list[str] = field(default_factory=list)

    def add(self, text: str, places: Places) -> None:
        """Note a step and what it leaves."""
        left = "too many to tell" if places is None else f"{len(places)} documents"
        self.lines.append(f"{text}: {left}")


class Resolver:
    """Looks plans up in the index of the store, and in memory for what is live."""

    def __init__(self, repository: Repository, hub: LiveHub) -> None:
        self._repository = repository
        self._live = LiveKeys(repository, hub)

    async def places(self, plan: Plan, root: Root, steps: Steps) -> Places:
        """Return the documents of ``root`` that ``plan`` lets through; raises
        ``StoreUnavailable``.
        """
        if isinstance(plan, Everything):
            steps.add(plan.reason, None)
            return None
        if isinstance(plan, Either):
            found = [await self.places(each, root, steps) for each in plan.plans]
            return _union(found)
        parts = plan.plans if isinstance(plan, Both) else (plan,)
        lookups: dict[Root, list[Lookup]] = {}
        own: Places = None
        for part in parts:
            if isinstance(part, Lookup):
                lookups.setdefault(part.root, []).append(part)
            else:
                own = _meet(own, await self.places(part, root, steps))
        for of_root, group in lookups.items():
            places = await self._look_all_up(group, steps)
            if of_root is not root:
                places = await self._referring(of_root, root, places, steps)
            own = _meet(own, places)
        return own

    async def _look_all_up(self, lookups: Sequence[Lookup], steps: Steps) -> Places:
        """Return what all of ``lookups`` let through; when one of them finds few documents, those
        that find many are not asked for all of them.
        """
        if len(lookups) == 1:
            return await self._look_up(lookups[0], MOST_FOUND, steps)
        places: Places = None
        large: list[Lookup] = []
        for lookup in lookups:
            found = await self._look_up(lookup, FEW, steps)
            places = _meet(places, found)
            if found is None:
                large.append(lookup)
        if places is not None:
            steps.lines += [f"index: {each.text}: asked of each of these" for each in large]
            return places
        for lookup in large:
            places = _meet(places, await self._look_up(lookup, MOST_FOUND, steps))
        return places

    async def _look_up(self, lookup: Lookup, limit: int, steps: Steps) -> Places:
        """Return what a lookup lets through, None for more than ``limit`` documents."""
        found = await self._repository.submodels.find_terms(lookup.ranges, limit=limit)
        places: Places = None if found is None else frozenset(found)
        if places is not None or limit == MOST_FOUND:
            steps.add(f"index: {lookup.text}", places)
        if places is not None and lookup.looked:
            live = await self._live.submodels(lookup.looked)
            if live:
                places |= frozenset(live)
                steps.add("and those with live values of it", places)
        return places

    async def _referring(self, partner: Root, root: Root, places: Places, steps: Steps) -> Places:
        """Return the documents of ``root`` whose partners stand at ``places``."""
        if places is None or len(places) > MOST_PARTNERS:
            return None
        if (partner, root) == (Root.SUBMODEL, Root.SHELL):
            found = await self._shells_of(sorted(places))
        elif (partner, root) == (Root.SHELL, Root.SUBMODEL):
            found = await self._submodels_of(sorted(places))
        else:
            return frozenset()  # a root that does not apply has no values: nothing is fulfilled
        steps.add(f"those that go with them, {root.value}", found)
        return found

    async def _shells_of(self, submodels: Sequence[int]) -> Places:
        looked = looked_at(Kind.SHELL, SUBMODEL)
        collection = self._repository.submodels
        documents = [*await collection.at(submodels), *collection.generated()]
        ranges = [equal_to(looked, document.id) for document in documents]
        found = await self._repository.shells.find_terms(ranges, limit=MOST_FOUND)
        return None if found is None else frozenset(found)

    async def _submodels_of(self, shells: Sequence[int]) -> Places:
        documents = await self._repository.shells.at(shells)
        ids = {each for document in documents for each in references(document.tree())}
        found = await self._repository.submodels.find_all(ids)
        return frozenset(document.stored.sequence for document in found.values())


def _meet(one: Places, other: Places) -> Places:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _union(found: Iterable[Places]) -> Places:
    together: frozenset[int] = frozenset()
    for each in found:
        if each is None:
            return None
        together |= each
    return together
