"""Long lists in as many calls as a server accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.opcua.batches import Batches

TOO_MANY = 0x80100000


class Server:
    """Doubles numbers, ``limit`` at a time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sizes: list[int] = []

    async def call(self, part: Sequence[int]) -> list[int]:
        self.sizes.append(len(part))
        if len(part) > self.limit:
            raise UaStatusCodeError(TOO_MANY)
        return [2 * number for number in part]


async def test_results_keep_the_order_of_what_was_asked() -> None:
    server = Server(limit=10)

    assert await Batches(3).run(range(8), server.call) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert server.sizes == [3, 3, 2]


async def test_a_refused_batch_is_halved_and_the_size_remembered() -> None:
    server, batches = Server(limit=30), Batches(100)

    assert len(await batches.run(range(100), server.call)) == 100
    assert server.sizes[:3] == [100, 50, 25]
    assert max(server.sizes[2:]) == batches.size == 25


async def test_a_server_that_refuses_even_one_is_believed() -> None:
    with pytest.raises(UaStatusCodeError, match="BadTooManyOperations"):
        await Batches(4).run(range(4), Server(limit=0).call)


async def test_a_result_too_few_is_no_answer() -> None:
    async def call(part: Sequence[int]) -> list[int]:
        return list(part)[1:]

    with pytest.raises(UaError, match="2 results for 3"):
        await Batches(3).run(range(3), call)


async def test_an_empty_list_asks_nobody() -> None:
    server = Server(limit=0)

    assert await Batches(3).run([], server.call) == []
    assert server.sizes == []


class SlowServer(Server):
    """Answers later calls sooner, and counts how many are under way."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.under_way = self.most_under_way = 0

    async def call(self, part: Sequence[int]) -> list[int]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0.02 / (1 + part[0]))
        self.under_way -= 1
        return await super().call(part)


async def test_calls_side_by_side_keep_the_order_of_what_was_asked() -> None:
    server = SlowServer(limit=10)

    assert await Batches(3, at_once=4).run(range(20), server.call) == [2 * n for n in range(20)]
    assert server.most_under_way == 4
    assert server.sizes.count(3) == 6


async def test_calls_side_by_side_that_are_too_long_are_made_again_in_smaller_ones() -> None:
    server, batches = SlowServer(limit=5), Batches(16, at_once=3)

    assert await batches.run(range(40), server.call) == [2 * n for n in range(40)]
    assert batches.size == 4


async def test_a_failure_among_calls_side_by_side_is_told() -> None:
    async def call(part: Sequence[int]) -> list[int]:
        if 7 in part:
            raise UaStatusCodeError(0x80020000)
        return list(part)

    with pytest.raises(UaStatusCodeError, match="BadInternalError"):
        await Batches(2, at_once=4).run(range(20), call)
