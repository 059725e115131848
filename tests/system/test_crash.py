"""Power failures: servers, and databases under them, are killed while many write; nothing is lost.

CRASH_ROUNDS says how often (``make crash``: 50), CRASH_SEED repeats the choices of a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.postgres import PostgresPrograms, PostgresServer, running_postgres
from tests.support.processes import ManagedProcess
from tests.system.aas_process import AasServer, aas_server_command
from tests.system.crash_writers import Writers, all_pages, client
from tests.system.served_stores import PostgresDatabase, ServedStore, SqliteFolder, assert_sound

ROUNDS: Final = int(os.environ.get("CRASH_ROUNDS", "4"))
ROUND_SECONDS: Final = 60
SHORTEST, LONGEST = 0.05, 1.2
"""Seconds that writers get before something is killed."""
STARTING: Final = (0.5, 2.5)
"""Seconds within which a server begins to work with its store."""
FALSE_STARTS: Final = 0.2
"""How many of the starts are preceded by one that is killed."""
AWAY: Final = 0.5
"""Seconds that a database is away at most before it is started again."""
ECHO: Final = 0.3
"""Seconds after which nothing is confirmed any more that was done before the database went away."""
RECOVERY_SECONDS: Final = 30.0
FOLLOWING_SECONDS: Final = 2.0
"""After this a server knows what the database did when it lost the connection."""

pytestmark = pytest.mark.timeout(180 + ROUNDS * ROUND_SECONDS)


@pytest.fixture
def seed() -> str:
    """What chance begins with; printed, so that a failure can be looked for again."""
    seed = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
    print(f"CRASH_SEED={seed} CRASH_ROUNDS={ROUNDS}")
    return seed


@pytest.fixture
def postgres(postgres_programs: PostgresPrograms) -> Iterator[PostgresServer]:
    """A database server that may be killed."""
    with running_postgres(postgres_programs) as server:
        yield server


async def test_what_a_killed_server_confirmed_is_there(tmp_path: Path, seed: str) -> None:
    with Crash(SqliteFolder(tmp_path), seed) as crash:
        for _ in range(ROUNDS):
            await crash.write_until_the_server_is_killed()
            await crash.come_back()


async def test_what_was_confirmed_outlives_the_death_of_any_process_around_a_database(
    tmp_path: Path, postgres: PostgresServer, seed: str
) -> None:
    store = PostgresDatabase(postgres, postgres.create_database(), tmp_path)
    with Crash(store, seed) as crash:
        kinds: list[str] = []
        for _ in range(ROUNDS):
            kinds = kinds or crash.chance.sample(FAULTS, len(FAULTS))
            await round_on(postgres, store, crash, kinds.pop())


FAULTS: Final = ("server", "processes of the database", "database", "server and database")


async def round_on(
    postgres: PostgresServer, store: PostgresDatabase, crash: Crash, fault: str
) -> None:
    crash.faults[fault] += 1
    if fault == "server and database":
        async with crash.writers.at_work(crash.address):
            await crash.some_time()
            if crash.chance.random() < 0.5:
                postgres.kill()
                crash.server.process.kill()
            else:
                crash.server.process.kill()
                postgres.kill()
        postgres.start()
    elif fault == "server":
        await crash.write_until_the_server_is_killed()
    else:
        async with crash.writers.at_work(crash.address):
            await crash.some_time()
            if fault == "database":
                postgres.kill()
                await asyncio.sleep(crash.chance.uniform(0, AWAY))
                await asyncio.to_thread(postgres.start)
            else:
                postgres.kill_backends(store.database)
            await crash.until_something_is_confirmed()
            await crash.some_time()
        await crash.look_at_the_survivor()
        await crash.write_until_the_server_is_killed()
    await crash.come_back()


class Crash:
    """Servers on one store, one after the other, with writers that remember what was confirmed."""

    def __init__(self, store: ServedStore, seed: str) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.writers = Writers(seed)
        self.faults: Counter[str] = Counter()
        self.rounds = self.unsure = self.false_starts = 0
        self.started = time.monotonic()
        self.start_in_vain()
        self.server = store.start("server")

    def __enter__(self) -> Crash:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.client.close()
        self.server.process.close()
        writers = self.writers
        print(
            f"{self.store.name}: {self.rounds} rounds {dict(self.faults)} in "
            f"{time.monotonic() - self.started:.0f} s, {writers.confirmed} changes confirmed of "
            f"{writers.asked}, {writers.refused} refused, {self.unsure} documents unsure at a "
            f"kill, {self.false_starts} killed starts"
        )

    @property
    def address(self) -> str:
        return self.server.client.address

    def start_in_vain(self) -> None:
        """Start a server that is killed before it is ready, or just when it is."""
        self.false_starts += 1
        name = f"killed{self.false_starts}"
        command = aas_server_command("serve", "--port", "0", *self.store.arguments(name))
        process = ManagedProcess(command, folder=self.store.folder / name)
        time.sleep(self.chance.uniform(*STARTING))
        process.kill()

    async def some_time(self) -> None:
        await asyncio.sleep(self.chance.uniform(SHORTEST, LONGEST))

    async def write_until_the_server_is_killed(self) -> None:
        async with self.writers.at_work(self.address):
            await self.some_time()
            self.server.process.kill()

    async def until_something_is_confirmed(self) -> None:
        await asyncio.sleep(ECHO)
        before = self.writers.confirmed
        deadline = time.monotonic() + RECOVERY_SECONDS
        while self.writers.confirmed == before:
            assert time.monotonic() < deadline, "the server does not get over it"
            await asyncio.sleep(0.05)

    async def look_at_the_survivor(self) -> None:
        """Let the server itself say what became of everything."""
        self.unsure += self.writers.unsure
        await asyncio.sleep(FOLLOWING_SECONDS if self.writers.unsure else 0)
        await self.writers.settle(self.address)

    async def come_back(self) -> None:
        """Start a new server after a kill, and look whether everything is there."""
        self.rounds += 1
        self.unsure += self.writers.unsure
        self._end_of(self.server)
        is_at_rest = self.chance.random() < 0.5
        if is_at_rest:
            assert_sound(self.store)
        if self.chance.random() < FALSE_STARTS:
            self.start_in_vain()
        self.server = self.store.start(f"server{self.rounds}")
        await self.writers.settle(self.address)
        if not is_at_rest:
            assert_sound(self.store)
        await self.assert_lists_agree()

    async def assert_lists_agree(self) -> None:
        """Assert that lists and recent changes tell of the documents that there are."""
        async with client(self.address) as http:
            submodels = await all_pages(http, "/submodels")
            changes = await all_pages(http, "/submodels/$recent-changes")
            descriptors = await all_pages(http, "/submodel-descriptors")
        ids = [each["id"] for each in submodels]
        assert [each["id"] for each in changes] == ids
        assert len(set(ids)) == len(ids)
        updated = {each["id"]: datetime.fromisoformat(each["updatedAt"]) for each in changes}
        listed = {each["id"] for each in descriptors}
        for subject in self.writers.subjects:
            present = subject.acknowledged is not None
            for identifier in subject.ids:
                told = f"{identifier}: {subject.acknowledged}"
                assert (identifier in listed) is present or subject.kind == "attachment", told
                if identifier in updated and subject.confirmed_at is not None and present:
                    assert updated[identifier] >= subject.confirmed_at, told

    def _end_of(self, server: AasServer) -> None:
        server.client.close()
        log: Any = server.process.log()
        assert "Traceback" not in log, log
