"""Node ids as texts that mean the same on every server: with the URI of their namespace."""

from __future__ import annotations

from collections.abc import Sequence

from asyncua import ua
from asyncua.ua.uaerrors import UaError


def node_id_text(node_id: ua.NodeId, namespaces: Sequence[str]) -> str:
    """Return ``nsu=<namespace URI>;s=<id>``, with i=, g= or b= for the id, without the URI for the
    standard's own.

    ``namespaces`` are those of the session that it comes from. An index that is in none stays.
    """
    text = str(ua.NodeId(node_id.Identifier, ua.Int16(0), node_id.NodeIdType).to_string())
    identifier = text.rpartition("ns=0;")[2].encode("utf-8", "replace").decode()
    uri, index = getattr(node_id, "NamespaceUri", None), node_id.NamespaceIndex
    if not uri and index:
        if index >= len(namespaces):
            return f"ns={index};{identifier}"
        uri = namespaces[index]
    return f"nsu={uri};{identifier}" if uri else identifier


def parsed_node_id(text: str, namespaces: Sequence[str]) -> ua.NodeId:
    """Return the node id that ``text`` names, with this session's namespace index.

    Raises ``ValueError`` for a text that is no node id and a namespace that is not there.
    """
    try:
        parsed = ua.NodeId.from_string(text)
    except (UaError, ValueError, TypeError):
        raise ValueError("a node id is needed, as nsu=<namespace URI>;s=<id>") from None
    uri = getattr(parsed, "NamespaceUri", None)
    if not uri:
        return parsed
    if uri not in namespaces:
        raise ValueError(f"the machine has no namespace {uri!r}")
    return ua.NodeId(parsed.Identifier, ua.Int16(namespaces.index(uri)), parsed.NodeIdType)
