"""Long lists in as many calls as a server accepts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.opcua.session import Batches

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
