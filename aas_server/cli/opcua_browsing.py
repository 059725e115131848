"""``aas-server opcua browse``: a server's nodes as a tree on the terminal, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from aas_server.bindings.opcua.address_space import (
    STANDARD,
    MachineNode,
    MachineTree,
    MethodParameter,
    VariableFacts,
)
from aas_server.bindings.opcua.browsing import BrowseLimits, browse_machine
from aas_server.bindings.opcua.problems import status_name
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.bindings.structure import Structure
from aas_server.cli.opcua_connection import opened
from aas_server.live.values import Quality, quality_of
from aas_server.logs import configure_logging

_LONGEST: Final = 60
_STYLES: Final = {Quality.GOOD: "green", Quality.UNCERTAIN: "yellow", Quality.BAD: "red"}


async def browse_server(
    settings: OpcUaConnectionSettings,
    root: str | None,
    limits: BrowseLimits,
    pki: Path,
    out: Console,
    *,
    as_json: bool,
) -> bool:
    """Print what is below ``root``; returns whether that is all there is.

    Raises ``ConfigurationError`` for a server that cannot be reached and a root that is not there.
    """
    configure_logging("ERROR", "console")
    async with opened(settings, pki) as session:
        tree = await browse_machine(session, root, limits)
    if as_json:
        out.file.write(json.dumps(_as_json(tree), ensure_ascii=False) + "\n")
    else:
        for line in _lines(tree):
            out.print(line)
        more = f"; {tree.cut}" if tree.cut is not None else ""
        out.print(f"{tree.count()} nodes{more}", markup=False)
    return tree.cut is None


def _lines(tree: MachineTree) -> Iterator[Text]:
    """Yield a line for each node, with branches in front; long ones are not cut, so that node ids
    can be copied.
    """
    pending = [(tree.root, "", "")]
    while pending:
        node, margin, branch = pending.pop()
        yield Text(margin + branch, "dim") + _label(node)
        below = margin + {"": "", "├── ": "│   ", "└── ": "    "}[branch]
        last = len(node.children) - 1
        if node.cut:
            yield Text(f"{below}└── ...", "dim")
            last += 1
        branches = [
            (child, below, "└── " if index == last else "├── ")
            for index, child in enumerate(node.children)
        ]
        pending += reversed(branches)


def _label(node: MachineNode) -> Text:
    text = Text(node.name.name, style="bold" if node.kind == "Object" else "")
    if node.variable is not None:
        _add_variable(text, node.variable)
    elif node.kind == "Method":
        text.append(f"({_arguments(node.inputs)}) -> ({_arguments(node.outputs)})", "magenta")
        if not node.is_executable:
            text.append(" not for this user", "red")
    elif node.types and node.types[0].namespace != STANDARD:
        text.append(f" {node.types[0].name}", "cyan")
    text.append(f"  {node.node}", "dim")
    return text


def _add_variable(text: Text, facts: VariableFacts) -> None:
    text.append(f": {facts.shown_type}", "cyan")
    if not facts.readable:
        text.append(" not readable", "red")
    else:
        quality = quality_of(facts.sample.status_code)
        text.append(f" = {shown_value(facts)}", _STYLES[quality])
        if facts.unit is not None:
            text.append(f" {facts.unit.symbol or facts.unit.code}")
        if quality is not Quality.GOOD:
            text.append(f" {status_name(facts.sample.status_code)}", _STYLES[quality])
    if facts.range is not None:
        text.append(f" [{facts.range[0]:g} .. {facts.range[1]:g}]", "blue")
    if facts.writable:
        text.append(" writable", "yellow")
    if facts.has_history:
        text.append(" history", "yellow")


def shown_value(facts: VariableFacts) -> str:
    """Return a value as people read it: a number of an enumeration with its text, in one line."""
    value = facts.sample.value
    if isinstance(value, int) and not isinstance(value, bool) and value in facts.texts:
        text = f"{value} ({facts.texts[value]})"
    elif isinstance(value, bool) and facts.truths is not None:
        text = f"{'true' if value else 'false'} ({facts.truths[0 if value else 1]})"
    else:
        text = _plain(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _plain(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict) and "text" in value:
        return repr(value["text"])
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Structure):
        return "a structure"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_plain(each) for each in value[:_LONGEST])}]"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return repr(value)


def _arguments(arguments: tuple[MethodParameter, ...]) -> str:
    return ", ".join(
        f"{each.name}: {each.type_name or 'any type'}{'[]' if each.is_array else ''}"
        for each in arguments
    )


def _as_json(tree: MachineTree) -> dict[str, Any]:
    return {
        "applicationUri": tree.application_uri,
        "product": tree.product_name,
        "manufacturer": tree.manufacturer,
        "cut": tree.cut,
        "root": _node_json(tree.root, tree),
    }


def _node_json(node: MachineNode, tree: MachineTree) -> dict[str, Any]:
    found: dict[str, Any] = {
        "node": node.node,
        "path": tree.browse_path(node),
        "kind": node.kind,
        "name": node.name.name,
        "displayName": node.display_name.text,
        "description": node.description.text,
        "type": node.type_definition,
        "dictionaryEntries": list(node.dictionary_entries),
    }
    if node.variable is not None:
        found |= _variable_json(node.variable)
    if node.kind == "Method":
        for name, arguments in (("inputs", node.inputs), ("outputs", node.outputs)):
            found[name] = [
                {"name": each.name, "type": each.type_name, "isArray": each.is_array}
                for each in arguments
            ]
    told = {name: value for name, value in found.items() if value not in ("", None, [], {})}
    children = [_node_json(child, tree) for child in node.children]
    return told | ({"children": children} if children else {})


def _variable_json(facts: VariableFacts) -> dict[str, Any]:
    return {
        "dataType": facts.shown_type,
        "encoding": facts.type_name,
        "value": json.loads(json.dumps(facts.sample.value, default=_json_value)),
        "status": status_name(facts.sample.status_code),
        "unit": None
        if facts.unit is None
        else {"code": facts.unit.code, "symbol": facts.unit.symbol},
        "range": None if facts.range is None else list(facts.range),
        "texts": {str(number): text for number, text in facts.texts.items()},
        "readable": facts.readable,
        "writable": facts.writable,
        "history": facts.has_history,
    }


def _json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else _plain(value)
