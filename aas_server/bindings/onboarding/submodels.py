"""The submodels that show a machine: three of our templates, and the machine's own structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from aas_server.bindings.onboarding.concepts import concept_ids
from aas_server.bindings.onboarding.identity import Identity
from aas_server.bindings.onboarding.naming import Names, id_short
from aas_server.bindings.onboarding.parts import (
    MAX_NAME,
    MAX_TEXT,
    argument_element,
    cleaned,
    language_of,
    listed,
    model_reference,
    number_text,
    semantics,
    variable_element,
    words,
)
from aas_server.bindings.onboarding.points import (
    INTEGERS,
    MACHINE,
    NUMBERS,
    OPERATIONAL,
    Point,
    shown_unit,
)
from aas_server.bindings.opcua.address_space import (
    STANDARD,
    LocalText,
    MachineNode,
    MachineTree,
    MethodParameter,
)
from aas_server.bindings.sink_types import UNKNOWN_LANGUAGE
from aas_server.errors import ConfigurationError
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node, walk
from aas_server.templates.authoring.concepts import reference
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Request
from aas_server.templates.prototype import Prototype
from aas_server.templates.sources import own_templates

TEMPLATES: Final = (OPERATIONAL, "Maintenance", "Quality")
"""Our templates that a machine's nodes can fill; the first is always there."""

_TEMPLATE_ID: Final = "urn:aas-server:smt/{}/1/0"
_NAMED_SIGNAL: Final = "urn:aas-server:smt/OperationalData/{}/1/0"
_KNOWN_SIGNALS: Final = frozenset({"ToolWear", "SpeedOverride", "FeedRate"})
"""Signals with a concept of ours that the table of companion specifications names."""
_MACHINE_ID: Final = "urn:aas-server:smt/MachineData/1/0"
_LIVE_PARTS: Final = ("Quality", "StatusCode", "SourceTimestamp", "ReceivedTimestamp")
_NAVIGATED: Final = ("SubmodelElementCollection", "SubmodelElementList")


def template_submodel(
    name: str, points: Sequence[Point], identity: Identity, sources: Mapping[MachineNode, Node]
) -> Node:
    """Return the instance of one of our templates that ``points`` fill.

    ``sources`` are references to the nodes' properties of the interface.
    """
    values: dict[str, Any] = {}
    for point in points:
        if point.submodel == name and point.shape in ("place", "signal"):
            level = values
            for segment in point.path[:-1]:
                level = level.setdefault(segment, {})
            is_signal = point.shape == "signal"
            level[point.path[-1]] = _signal(point, identity, sources) if is_signal else None
    made = _maker(name).make(Request(identity.of(name), values=values))
    for finding in made.findings:
        raise ConfigurationError(f"{name} {finding.path}: {finding.text}")
    submodel: Node = made.submodel
    submodel.pop("description", None)
    for _, element in walk(submodel):
        element.pop("description", None)
        if element["modelType"] not in _NAVIGATED:
            element.pop("displayName", None)
    _describe_signals(submodel, points)
    return submodel


def machine_submodel(tree: MachineTree, points: Sequence[Point], identity: Identity) -> Node | None:
    """Return the machine's own structure: its objects as collections with what is in no template,
    None when nothing is left for it.
    """
    wanted = [point for point in points if point.submodel == MACHINE]
    if not wanted:
        return None
    root: Node = {"modelType": "Submodel", "submodelElements": []}
    owners = _owners(wanted)
    for point in wanted:
        container = root
        for depth in range(1, len(point.path)):
            container = _collection(container, point.path[:depth], owners)
        element = _operation(point) if point.shape == "operation" else variable_element(
            point, point.path[-1]
        )  # fmt: skip
        _members(container).append(
            _named(element, words(point.node), semantics(concept_ids(point, identity)))
        )
    kind = tree.root.type_definition
    if kind.startswith(f"nsu={STANDARD};"):
        kind = ""
    return {
        "modelType": "Submodel",
        "kind": "Instance",
        "id": identity.of(MACHINE),
        "idShort": MACHINE,
        **words(tree.root),
        **semantics([_MACHINE_ID, kind]),
        "submodelElements": root["submodelElements"],
    }


def shell(identity: Identity, tree: MachineTree, submodels: Iterable[Node]) -> Node:
    """Return the shell of the machine with references to ``submodels``."""
    told = dict(_nameplate(tree))
    specific = [
        {"name": name, "value": value}
        for name, value in (
            ("manufacturer", told.get("Manufacturer") or tree.manufacturer),
            ("serialNumber", told.get("SerialNumber", "")),
        )
        if value
    ]
    return {
        "modelType": "AssetAdministrationShell",
        "id": identity.of("shell"),
        "idShort": identity.name,
        **words(tree.root if tree.root.name.namespace != STANDARD else _titled(tree, identity)),
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": identity.of("asset"),
            **listed("specificAssetIds", specific),
        },
        "submodels": [model_reference(("Submodel", each["id"])) for each in submodels],
    }


def template_prototypes(name: str) -> Iterable[Prototype]:
    """Yield everything that one of our templates has a place for."""
    return _maker(name).template.walk()


def sink_reference(submodel: Node, path: Sequence[str]) -> Node | None:
    """Return the model reference to the element at ``path``, None where there is none."""
    keys = [("Submodel", submodel["id"])]
    node = submodel
    for segment in path:
        elements = node.get(CHILDREN_ATTRIBUTE.get(node.get("modelType", ""), ""), ())
        found = next((each for each in elements if each.get("idShort") == segment), None)
        if found is None:
            return None
        keys.append((found["modelType"], segment))
        node = found
    return model_reference(*keys)


@cache
def _maker(name: str) -> Maker:
    wanted = _TEMPLATE_ID.format(name)
    template = next((each for each in own_templates() if wanted in each.ids), None)
    if template is None:
        raise ConfigurationError(f"the template {name} is missing in this installation")
    return Maker(template)


def _signal(point: Point, identity: Identity, sources: Mapping[MachineNode, Node]) -> Node:
    facts = point.node.facts
    values: dict[str, Any] = {_value_name(point): None}
    unit = shown_unit(point)
    if unit:
        values["Unit"] = unit
    values |= dict.fromkeys(_LIVE_PARTS)
    if facts.range is not None and point.conversion.is_none:
        low, high = facts.range
        values["NormalRange"] = {"min": number_text(low), "max": number_text(high)}
    if point.node in sources:
        values["Source"] = sources[point.node]
    concepts = list(concept_ids(point, identity))
    if point.path[-1] in _KNOWN_SIGNALS:
        concepts.insert(0, _NAMED_SIGNAL.format(point.path[-1]))
    found: Node = {"value": values}
    shown = words(point.node).get("displayName")
    if shown:
        found["displayName"] = shown
    return found | listed("supplementalSemanticIds", [reference(each) for each in concepts])


def _value_name(point: Point) -> str:
    type_name = point.node.facts.type_name
    if point.conversion.enumeration is not None:
        return "ValueText"
    if type_name in NUMBERS or point.conversion.unit or point.conversion.scale:
        return "Value"
    if type_name in INTEGERS:
        return "ValueInteger"
    return "ValueBoolean" if type_name == "Boolean" else "ValueText"


def _describe_signals(submodel: Node, points: Sequence[Point]) -> None:
    """Give back to signals what the machine says about them."""
    told = {point.path[-1]: words(point.node) for point in points if point.shape == "signal"}
    for element in submodel.get("submodelElements", ()):
        if element.get("idShort") == "Signals":
            signals = element.get("value", [])
            signals[:] = [_named(each, told.get(each["idShort"], {})) for each in signals]


def _owners(points: Iterable[Point]) -> dict[tuple[str, ...], MachineNode]:
    """Return the objects behind the collections, by path, as far as path and objects agree."""
    found: dict[tuple[str, ...], MachineNode] = {}
    for point in points:
        node = point.node.parent
        for depth in range(len(point.path) - 1, 0, -1):
            if node is None or node.parent is None:
                break
            found.setdefault(point.path[:depth], node)
            node = node.parent
    return found


def _collection(
    container: Node, path: tuple[str, ...], owners: Mapping[tuple[str, ...], MachineNode]
) -> Node:
    for each in _members(container):
        if each["idShort"] == path[-1]:
            if each["modelType"] == "SubmodelElementCollection":
                return each
            raise ConfigurationError(
                f"{'.'.join(path)} is no collection, but has elements below it"
            )
    owner = owners.get(path)
    found: Node = {"modelType": "SubmodelElementCollection", "idShort": path[-1]}
    if owner is not None:
        standard = owner.type_definition.startswith(f"nsu={STANDARD};")
        identifiers = (*owner.dictionary_entries, "" if standard else owner.type_definition)
        found = _named(found, words(owner), semantics(identifiers))
    found["value"] = []
    _members(container).append(found)
    return found


def _members(container: Node) -> list[Node]:
    members: list[Node] = container.setdefault(CHILDREN_ATTRIBUTE[container["modelType"]], [])
    return members


def _operation(point: Point) -> Node:
    names = Names()  # of all variables, whichever way they go (AASd-134)
    return {
        "modelType": "Operation",
        "idShort": point.path[-1],
        **listed("inputVariables", _variables(point.node.inputs, names, "In")),
        **listed("outputVariables", _variables(point.node.outputs, names, "Out")),
    }


def _variables(arguments: Sequence[MethodParameter], names: Names, way: str) -> list[Node]:
    found = []
    for argument in arguments:
        plain = id_short(argument.name)
        name = names.take(plain, f"{plain}_{way}")
        element = argument_element(name, argument.type_name, is_array=argument.is_array)
        told: Node = {}
        shown = cleaned(argument.name, MAX_NAME)
        if shown and name != argument.name:
            told["displayName"] = [{"language": UNKNOWN_LANGUAGE, "text": shown}]
        text = cleaned(argument.description.text, MAX_TEXT)
        if text:
            language = language_of(argument.description)
            told["description"] = [{"language": language, "text": text}]
        found.append({"value": _named(element, told, {})})
    return found


def _named(element: Node, *more: Node) -> Node:
    """Return an element with names and semantics behind its idShort, as the normal form has it."""
    head = {name: element[name] for name in ("modelType", "idShort")}
    merged: Node = dict(head)
    for each in more:
        merged |= each
    return merged | {name: value for name, value in element.items() if name not in merged}


def _nameplate(tree: MachineTree) -> Iterable[tuple[str, str]]:
    """Yield what the identification of the machine itself says, by the names of DI."""
    for node in sorted(tree.root.walk(), key=lambda node: -len(node.lineage)):
        if node.variable is not None and node.name.name in ("Manufacturer", "SerialNumber"):
            value = node.variable.sample.value
            text = value.get("text") if isinstance(value, dict) else value
            if isinstance(text, str) and text:
                yield node.name.name, cleaned(text, 2000)


def _titled(tree: MachineTree, identity: Identity) -> MachineNode:
    """Return the only machine below Objects, else a stand-in with the product's name."""
    objects = [child for child in tree.root.children if child.kind == "Object"]
    if len(objects) == 1:
        return objects[0]
    name = LocalText(tree.product_name or identity.name, "en")
    return MachineNode(tree.root.node_id, "", "Object", tree.root.name, name)
