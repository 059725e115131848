"""Ways: looking many elements of one document up without going through their siblings."""

from __future__ import annotations

from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node, child, children, with_children


class Ways:
    """The ways to the elements of ``submodel``, which must not change meanwhile."""

    def __init__(self, submodel: Node) -> None:
        self._submodel = submodel
        self._named: dict[int, dict[str, Node]] = {}

    def to(self, path: IdShortPath) -> Node:
        """Return the submodel with nothing beside the way to the element at ``path``, which is
        whole; as far as there is one. Lists stay whole, too: their items are told by their places.
        """
        nodes = [self._submodel]
        for segment in path:
            found = self._child(nodes[-1], segment)
            if found is None:
                return self._submodel
            nodes.append(found)
        way = nodes.pop()
        while nodes:
            container = nodes.pop()
            if container.get("modelType") == "SubmodelElementList":
                way = self._with_item(container, path[len(nodes)], way)
            else:
                way = with_children(container, [way])
        return way

    def _child(self, node: Node, segment: str | int) -> Node | None:
        if isinstance(segment, int):
            return child(node, segment)
        if node.get("modelType") == "SubmodelElementList":
            return None
        named = self._named.get(id(node))
        if named is None:
            named = {}
            for element in children(node):
                named.setdefault(str(element.get("idShort")), element)
            self._named[id(node)] = named
        return named.get(segment)

    def _with_item(self, container: Node, segment: str | int, item: Node) -> Node:
        items = children(container).copy()
        items[int(segment)] = item
        return with_children(container, items)
