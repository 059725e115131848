"""Address spaces for tests, as browsing would have found them."""

from __future__ import annotations

from typing import Any

from asyncua import ua

from aas_server.bindings.onboarding.proposal import Proposal, Wish, propose
from aas_server.bindings.opcua.address_space import (
    STANDARD,
    LocalText,
    MachineNode,
    MachineTree,
    MethodParameter,
    NodeKind,
    QualifiedName,
    Unit,
    VariableFacts,
)
from aas_server.bindings.opcua.variants import Sample
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings

VENDOR = "http://vendor.example/UA/"
URL = "opc.tcp://192.0.2.7:4840/press"
UNTOLD = LocalText()
CELSIUS = Unit("CEL", "°C", "degree Celsius")


def qualified(name: str) -> QualifiedName:
    """``name`` in the vendor's namespace, ``<uri>;<name>`` in another, ``0:<name>`` in ours."""
    if name.startswith("0:"):
        return QualifiedName(STANDARD, name[2:])
    uri, _, local = name.rpartition(";")
    return QualifiedName(uri or VENDOR, local)


class TreeBuilder:
    """Builds a machine node by node; node ids are the paths."""

    def __init__(self, name: str = "Press", **more: Any) -> None:
        self.root = self._node(None, name, "Object", **more)

    def object(self, parent: MachineNode, name: str, **more: Any) -> MachineNode:
        return self._node(parent, name, "Object", **more)

    def variable(
        self,
        parent: MachineNode,
        name: str,
        type_name: str | None = "Double",
        value: Any = 1.5,
        *,
        types: tuple[str, ...] = (),
        display: LocalText = UNTOLD,
        description: LocalText = UNTOLD,
        node: str | None = None,
        is_property: bool = False,
        **facts: Any,
    ) -> MachineNode:
        data_type = facts.pop("data_type", QualifiedName(STANDARD, type_name or "Number"))
        variable = VariableFacts(
            data_type, type_name, sample=Sample(value, facts.pop("status", 0), None), **facts
        )
        return self._node(
            parent, name, "Variable", types=types, display=display, description=description,
            node=node, is_property=is_property, variable=variable,
        )  # fmt: skip

    def method(
        self, parent: MachineNode, name: str, inputs: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> MachineNode:
        found = self._node(parent, name, "Method")
        found.inputs = tuple(MethodParameter(*each) for each in inputs)
        found.outputs = tuple(MethodParameter(*each) for each in outputs)
        return found

    def tree(self, **more: Any) -> MachineTree:
        path = (QualifiedName(STANDARD, "Objects"), self.root.name)
        told = {"application_uri": "urn:vendor:press:4711", "product_name": "Press 5", **more}
        return MachineTree(self.root, path, **told)

    def _node(
        self,
        parent: MachineNode | None,
        name: str,
        kind: NodeKind,
        *,
        types: tuple[str, ...] = (),
        display: LocalText = UNTOLD,
        description: LocalText = UNTOLD,
        node: str | None = None,
        is_property: bool = False,
        entries: tuple[str, ...] = (),
        type_definition: str = f"nsu={STANDARD};i=61",
        variable: VariableFacts | None = None,
    ) -> MachineNode:
        browse_name = qualified(name)
        above = "" if parent is None else parent.node.partition(";s=")[2] + "."
        found = MachineNode(
            ua.NodeId(f"{above}{browse_name.name}", 2),
            node or f"nsu={VENDOR};s={above}{browse_name.name}",
            kind,
            browse_name,
            display,
            description,
            is_property=is_property,
            parent=parent,
            type_definition=type_definition,
            types=tuple(qualified(each) for each in types),
            dictionary_entries=entries,
            variable=variable,
        )
        if parent is not None:
            parent.children.append(found)
        return found


def wish(**security: Any) -> Wish:
    """What a user asks for who gives nothing but the address."""
    lines = {"url": URL} | ({"security": security} if security else {})
    return Wish(OpcUaConnectionSettings.model_validate(lines), lines)


def proposed(builder: TreeBuilder, **more: Any) -> Proposal:
    """The first proposal for a machine."""
    return propose(builder.tree(**more), wish(), None, {})


def element(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The element at ``path`` of a submodel; fails where there is none."""
    node = document
    for segment in path.split("."):
        children = node.get("submodelElements") or node.get("value") or []
        node = next(each for each in children if each.get("idShort") == segment)
    return node


def submodel(proposal: Proposal, name: str) -> dict[str, Any]:
    """A submodel of a proposal."""
    return proposal.documents[f"{name}.json"]["submodels"][0]


def semantic_ids(node: dict[str, Any]) -> list[str]:
    """The identifiers of an element, its own first."""
    references = [node["semanticId"]] if "semanticId" in node else []
    references += node.get("supplementalSemanticIds", [])
    return [each["keys"][-1]["value"] for each in references]
