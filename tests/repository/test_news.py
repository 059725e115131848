"""News: whoever listens hears of every commit, own and others', once readers see it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from aas_server.errors import StoreUnavailable
from aas_server.repository import log_follower
from aas_server.repository.heads import Key
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.repository.stores import GatedStore
from tests.repository.submodels import KIND, create, delete, follow, increase, put


class Ear:
    """Keeps what it hears."""

    def __init__(self, repository: Repository) -> None:
        self.heard: list[set[str] | None] = []
        self.seen: list[list[str]] = []
        self._repository = repository
        repository.add_listener(self.hear)

    def hear(self, changed: Sequence[Key] | None) -> None:
        self.heard.append(None if changed is None else {each for kind, each in changed})
        assert changed is None or all(kind is KIND for kind, _ in changed)
        cached = self._repository.submodels.cached
        self.seen.append([each for _, each in changed or () if cached(each) is not None])


async def test_own_commits_are_heard_in_their_order_once_they_are_shown(here: Repository) -> None:
    ear = Ear(here)

    await create(here, "urn:1", "urn:2")
    await put(here, "urn:1", 5)
    await increase(here, "urn:1", "urn:2")
    await delete(here, "urn:2")

    assert ear.heard == [{"urn:1", "urn:2"}, {"urn:1"}, {"urn:1", "urn:2"}, {"urn:2"}]
    assert [set(each) for each in ear.seen] == [
        {"urn:1", "urn:2"},
        {"urn:1"},
        {"urn:1", "urn:2"},
        set(),
    ]


async def test_a_commit_that_fails_is_no_news(here: Repository, store: GatedStore) -> None:
    ear = Ear(here)
    store.failure = "full"

    with pytest.raises(StoreUnavailable):
        await create(here, "urn:1")

    assert ear.heard == []


async def test_commits_of_another_server_are_heard_once_they_are_followed(
    here: Repository, there: Repository
) -> None:
    ear = Ear(there)
    await create(here, "urn:1", "urn:2")
    await put(here, "urn:1", 5)
    await delete(here, "urn:2")
    assert ear.heard == []

    await follow(there)

    assert ear.heard == [{"urn:1", "urn:2"}]


async def test_many_changes_are_heard_as_many(
    here: Repository, there: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follower, "_MANY", 1)
    ear = Ear(there)
    await create(here, "urn:1", "urn:2")

    await follow(there)

    assert ear.heard == [None]


async def test_a_listener_that_fails_harms_nobody(here: Repository) -> None:
    def fail(changed: Sequence[Key] | None) -> None:
        raise ValueError("broken")

    here.add_listener(fail)
    ear = Ear(here)

    with capture_logs() as logs:
        await create(here, "urn:1")

    assert ear.heard == [{"urn:1"}]
    assert [each["event"] for each in logs] == ["a listener of the repository failed"]
    assert await here.collection(Kind.SUBMODEL).contains("urn:1")


async def test_who_was_removed_hears_nothing(here: Repository) -> None:
    ear = Ear(here)
    here.remove_listener(ear.hear)
    here.remove_listener(ear.hear)

    await create(here, "urn:1")

    assert ear.heard == []
