"""Which submodels have live values of an element or a concept: the index of what no store knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aas_server.live.hub import LiveHub
from aas_server.metamodel.element_texts import CONTAINERS
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node, child
from aas_server.repository.repository import Repository
from aas_server.store.ordered_terms import CONCEPT, ELEMENT, Looked, looked_at, meant_by
from aas_server.store.protocol import Kind


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out about a submodel in one ``state`` of it and of its live elements.

    ``has_composites``: a live list or collection may hold elements of any name.
    """

    state: object
    looked: frozenset[Looked]
    has_composites: bool


class LiveKeys:
    """Knows what the live elements of each submodel are called and mean, in memory.

    A submodel is looked at again when elements of it became live, or ceased to be, or when it was
    written.
    """

    def __init__(self, repository: Repository, hub: LiveHub) -> None:
        self._repository = repository
        self._hub = hub
        self._known: dict[str, _Known] = {}

    async def submodels(self, looked: Collection[Looked]) -> list[int]:
        """Return the sequences of the submodels with a live element that is one of ``looked``.

        Raises ``StoreUnavailable``.
        """
        groups = self._hub.groups()
        documents = await self._repository.submodels.find_all(groups)
        for gone in self._known.keys() - groups.keys():
            del self._known[gone]
        wanted = frozenset(looked)
        found: list[int] = []
        for identifier, document in documents.items():
            group = groups[identifier]
            stored = document.stored
            state = (group.structure, stored.sequence, stored.revision)
            known = self._known.get(identifier)
            if known is None or known.state != state:
                known = _look(state, document.stored_tree(), group.facets)
                self._known[identifier] = known
            if known.has_composites or known.looked & wanted:
                found.append(stored.sequence)
        return found


def _look(state: object, submodel: Node, paths: Iterable[IdShortPath]) -> _Known:
    looked: set[Looked] = set()
    has_composites = False
    for path in paths:
        node: Node | None = submodel
        around: set[str] = set()
        for segment in path:
            if node is None:
                break
            if node.get("modelType") != "SubmodelElementList":
                around.clear()
            elif "idShort" in node:
                around.add(node["idShort"])
            node = child(node, segment)
        if node is None:
            continue
        names = (node.get("idShort"), *around)
        looked.update(looked_at(Kind.SUBMODEL, ELEMENT, name) for name in names if name)
        looked.update(looked_at(Kind.SUBMODEL, CONCEPT, each) for each in meant_by(node))
        has_composites |= node.get("modelType") in CONTAINERS
    return _Known(state, frozenset(looked), has_composites)
