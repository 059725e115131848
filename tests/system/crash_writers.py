"""Writers that change documents of their own as fast as they can, until what they use is killed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from tests.support.one_connection import OneConnection
from tests.system.crash_subjects import (
    Attachment,
    OneSubmodel,
    ShellWithSubmodel,
    Subject,
    TwoDescriptors,
)

WRITERS: Final = 32
TIMEOUT: Final = 30.0
"""Seconds in which every request is over, whatever was killed."""
PAUSE: Final = 0.05
"""Seconds that a writer waits after an answer that says that the store is away."""
_OTHERS: Final = (Attachment, ShellWithSubmodel, TwoDescriptors)


class Writers:
    """Writers that come one after the other to a server at ``address``, and to its successors."""

    def __init__(self, seed: str) -> None:
        self._of_each = [_subjects(number, seed) for number in range(WRITERS)]
        self._is_over = False
        self.asked = self.refused = 0
        """How many changes were asked for, and how many the store was away for."""

    @property
    def subjects(self) -> list[Subject]:
        return [subject for subjects in self._of_each for subject in subjects]

    @property
    def confirmed(self) -> int:
        """Return how many changes were confirmed."""
        return sum(subject.confirmed for subject in self.subjects)

    @property
    def unsure(self) -> int:
        """Return of how many documents nobody knows in which state they are."""
        return sum(not subject.is_sure for subject in self.subjects)

    @asynccontextmanager
    async def at_work(self, address: str) -> AsyncIterator[None]:
        """Let all of them write until the end of the block, at which the server is killed.

        Fails when the server breaks a promise: a connection that it closes, an answer that it must
        not give, one that takes too long.
        """
        self._is_over = False
        tasks = [asyncio.create_task(self._write(subjects, address)) for subjects in self._of_each]
        try:
            yield
        finally:
            self._is_over = True
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    async def settle(self, address: str) -> None:
        """Read everything; fails when a document is in no state that it may be in."""
        await asyncio.gather(*(_settle(subjects, address) for subjects in self._of_each))

    async def _write(self, subjects: list[Subject], address: str) -> None:
        async with client(address) as http:
            await self._write_to(http, subjects)

    async def _write_to(self, http: httpx.AsyncClient, subjects: list[Subject]) -> None:
        while not self._is_over:
            subject = subjects[0].chance.choice(subjects)
            subject.http = http
            self.asked += 1
            try:
                response = await subject.change()
            except httpx.TimeoutException:
                raise AssertionError(f"no answer within {TIMEOUT:g} s: {subject.id}") from None
            except httpx.TransportError as error:
                if self._is_over:
                    return
                raise AssertionError(f"the server closed a connection: {error!r}") from None
            if response.status_code == 503:
                self.refused += 1
                await asyncio.sleep(PAUSE)


def client(address: str) -> httpx.AsyncClient:
    """Return a client of one writer."""
    return httpx.AsyncClient(
        base_url=f"{address}/api/v3", transport=OneConnection(timeout=TIMEOUT), trust_env=False
    )


async def all_pages(http: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return what a list has on all of its pages."""
    found: list[dict[str, Any]] = []
    parameters = {"limit": "100"}
    while True:
        response = await http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["result"]
        cursor = page["paging_metadata"].get("cursor")
        if cursor is None:
            return found
        parameters["cursor"] = cursor


async def _settle(subjects: list[Subject], address: str) -> None:
    async with client(address) as http:
        for subject in subjects:
            subject.http = http
            subject.settle(await subject.read())


def _subjects(writer: int, seed: str) -> list[Subject]:
    chance = random.Random(f"{seed} {writer}")
    kinds = (OneSubmodel, OneSubmodel, _OTHERS[writer % len(_OTHERS)])
    return [kind(f"urn:crash:{writer}:{number}", chance) for number, kind in enumerate(kinds)]
