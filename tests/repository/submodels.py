"""Submodels to write, and what is read of them."""

from __future__ import annotations

from typing import Any

from aas_server.live.hub import LiveHub
from aas_server.metamodel.tree import Node
from aas_server.repository.collection import Filter
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.store.protocol import Kind, Store
from tests.support.clock import FakeClock

KIND = Kind.SUBMODEL


def submodel(identifier: str = "urn:sm", value: int = 0, **more: Any) -> Node:
    element = {
        "modelType": "Property",
        "idShort": "Count",
        "valueType": "xs:int",
        "value": str(value),
    }
    return {"modelType": "Submodel", "id": identifier, "submodelElements": [element], **more}


def count_in(tree: Node) -> int:
    return int(tree["submodelElements"][0]["value"])


async def create(repository: Repository, *identifiers: str, **more: Any) -> None:
    """Create submodels in one unit."""

    async def work(unit: Unit) -> None:
        for identifier in identifiers:
            await unit.create(KIND, submodel(identifier, **more))

    await repository.change(work, actor="test")


async def increase(repository: Repository, *identifiers: str) -> None:
    """Count up in all of the submodels in one unit."""

    async def work(unit: Unit) -> None:
        for identifier in identifiers:
            tree = await unit.find(KIND, identifier)
            assert tree is not None
            await unit.replace(KIND, identifier, submodel(identifier, count_in(tree) + 1))

    await repository.change(work, actor="test")


async def put(repository: Repository, identifier: str, value: int = 0, **more: Any) -> None:
    await repository.put(KIND, identifier, submodel(identifier, value, **more), actor="test")


async def delete(repository: Repository, identifier: str) -> None:
    await repository.delete(KIND, identifier, actor="test")


async def count(repository: Repository, identifier: str) -> int | None:
    """What readers see, None when there is no such submodel."""
    document = await repository.submodels.find(identifier)
    return None if document is None else count_in(document.tree())


async def listed(repository: Repository, **wanted: Any) -> list[str]:
    """The ids that a page of the submodels shows."""
    page = await repository.submodels.page(Filter(**wanted), limit=100)
    return [document.id for document in page.documents]


async def opened(store: Store, clock: FakeClock) -> Repository:
    """A server of its own over ``store``."""
    repository = Repository(store, LiveHub(clock), clock)
    await repository.open()
    return repository


async def follow(repository: Repository) -> None:
    """Let the repository hear of what others committed."""
    await repository.cache.follower.follow()
