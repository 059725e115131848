"""The plant file of a proposal: written once, later only added to, so that comments stay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from aas_server.bindings.onboarding.identity import Identity
from aas_server.bindings.onboarding.interface import DESCRIPTION, INTERFACE
from aas_server.bindings.onboarding.points import Point
from aas_server.errors import ConfigurationError
from aas_server.metamodel.tree import Node

OVERLAYS: Final = "overlays"
OPERATIONS: Final = "operations"

_HEAD: Final = """\
# Proposed by `aas-server opcua propose` for {name}. It is yours to change: a later
# run adds rows for new nodes and leaves everything else as it is. What is read and where it goes
# is said by the submodels AssetInterfacesDescription and AssetInterfacesMappingConfiguration;
# here is what they cannot say.
version: 1

connections:
  {connection}:
"""


def overlay_row(name: str, points: Sequence[Point], identity: Identity) -> Node | None:
    """Return what a description cannot say of its property ``name``, which feeds ``points``; None
    when it says it all.
    """
    row: Node = {}
    conversion = points[0].conversion
    if conversion.enumeration is not None:
        row["enumeration"] = (
            conversion.enumeration
            if isinstance(conversion.enumeration, str)
            else dict(conversion.enumeration)
        )
    if conversion.unit is not None:
        row["unit"] = {"from": conversion.unit[0], "to": conversion.unit[1]}
    if conversion.scale is not None:
        factor, offset = conversion.scale
        row["scale"] = {"factor": factor, "offset": offset} if offset else {"factor": factor}
    if all(point.is_writable for point in points):
        row["direction"] = "readWrite"
    if not row:
        return None
    return {"aid": identity.of(DESCRIPTION), "property": f"{INTERFACE}/{name}"} | row


def operation_row(point: Point, identity: Identity) -> Node:
    """Return the row of a plant file that lets a method carry out an Operation."""
    node = point.node
    return {
        "connection": identity.connection,
        "object": node.node if node.parent is None else node.parent.node,
        "method": node.node,
        "operation": {"submodel": identity.of(point.submodel), "path": ".".join(point.path)},
    }


def new_plant_file(
    identity: Identity, connection: Mapping[str, Any], rows: Mapping[str, Sequence[Node]]
) -> str:
    """Return the text of a plant file with ``rows`` by section."""
    text = _HEAD.format(name=identity.name, connection=identity.connection)
    text += "".join(f"    {key}: {_flow(value)}\n" for key, value in connection.items())
    for section in (OVERLAYS, OPERATIONS):
        if rows.get(section):
            text += f"\n{section}:\n" + _rows_text(rows[section], 2)
    return text


def with_more_rows(text: str, rows: Mapping[str, Sequence[Node]]) -> str:
    """Return a plant file with ``rows`` behind those of their sections; the rest stays to the
    letter.

    Raises ``ConfigurationError`` for a section that is written in brackets.
    """
    for section, more in rows.items():
        if more:
            text = _extended(text, section, more)
    return text


def with_other_nodes(text: str, moved: Mapping[str, str]) -> str:
    """Return a plant file in which nodes have the ids that the machine gives them now."""
    for old, new in moved.items():
        for name in ("object", "method"):
            for quoted in (_quoted(old), f"'{old}'", old):
                before, after = f"{name}: {quoted}\n", f"{name}: {_quoted(new)}\n"
                text = text.replace(before, after)
    return text


def _extended(text: str, section: str, rows: Sequence[Node]) -> str:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"plant.yaml is no YAML any more: {error}") from error
    values = {} if root is None else {key.value: value for key, value in root.value}
    node = values.get(section)
    if node is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}\n{section}:\n{_rows_text(rows, 2)}"
    if node.flow_style or not isinstance(node, yaml.SequenceNode):
        raise ConfigurationError(
            f"plant.yaml has its {section} in brackets: write them as a list of lines with a dash "
            "each, so that rows can be added"
        )
    lines = text.splitlines(keepends=True)
    last = _last_line(node.value[-1])
    if not lines[last].endswith("\n"):
        lines[last] += "\n"
    lines.insert(last + 1, _rows_text(rows, node.start_mark.column))
    return "".join(lines)


def _last_line(node: Any) -> int:
    """Return the line (from 0) that a value ends in; YAML counts what follows in with blocks."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        line, column = int(node.end_mark.line), int(node.end_mark.column)
        is_block_text = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
        return line - 1 if is_block_text and column == 0 else line
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def _rows_text(rows: Iterable[Node], indent: int) -> str:
    margin = " " * indent
    text = ""
    for row in rows:
        dash = "- "
        for key, value in row.items():
            text += f"{margin}{dash}{key}: {_flow(value)}\n"
            dash = "  "
    return text


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)}: {_flow(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str):
        plain = value.isascii() and value.isidentifier() and value.casefold() not in _WORDS
        return value if plain else _quoted(value)
    return json.dumps(value)


def _key(key: Any) -> str:
    return _flow(key) if isinstance(key, str) else str(key)


def _quoted(text: str) -> str:
    """Return a text in quotes; JSON's are YAML's too."""
    return json.dumps(text, ensure_ascii=False)


_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
