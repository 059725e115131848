"""Which part of a package each file becomes: one content a part, whatever documents call it.

Documents name files independently of each other, a package has each name once: two submodels that
call different contents ``/aasx/files/a.pdf`` go into one package with new names, and so does what
is called something that no part can be called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, unquote

from aas_server.metamodel.rewriting import JsonPath, rewritten
from aas_server.metamodel.tree import Node
from aas_server.repository.document import Document
from aas_server.store.protocol import FileEntry, Kind

FOLDER: Final = "/aasx/files/"
"""Where files stand that are given a name."""

_RESERVED: Final = frozenset(
    {"/[content_types].xml", "/aasx/aasx-origin", "/aasx/data.json", "/aasx/data.xml"}
)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_RELATIONSHIPS: Final = "_rels"


@dataclass(frozen=True, slots=True)
class Parts:
    """Files by the names of their parts, and what documents must call those with a new name."""

    files: Mapping[str, FileEntry]
    renamed: Mapping[tuple[Kind, str], Mapping[str, str]]

    def has_renamed(self, document: Document) -> bool:
        """Return whether a document must call some of its files by new names."""
        return (document.stored.kind, document.id) in self.renamed

    def tree(self, document: Document, tree: Node) -> Node:
        """Return ``tree``, a form of ``document``, in which files have the names of their parts."""
        names: Mapping[Any, str] | None = self.renamed.get((document.stored.kind, document.id))
        if names is None:
            return tree

        def named(node: Node, path: JsonPath) -> Node:
            attribute = "path" if path[-1:] == ["defaultThumbnail"] else "value"
            name = node.get(attribute)
            is_named = attribute == "path" or node.get("modelType") == "File"
            return {**node, attribute: names[name]} if is_named and name in names else node

        renamed: Node = rewritten(tree, named)
        return renamed


NO_PARTS: Final = Parts(MappingProxyType({}), MappingProxyType({}))
"""Of documents that go without files."""


def assign_parts(files: Iterable[FileEntry]) -> Parts:
    """Return which part each of ``files`` becomes; equal contents with one name share a part."""
    parts: dict[str, FileEntry] = {}
    taken: dict[str, str] = {}
    renamed: dict[tuple[Kind, str], dict[str, str]] = {}
    for entry in files:
        part = _free_part(part_name(entry.path), entry.content.digest, taken, parts)
        taken[part.lower()] = part
        parts.setdefault(part, entry)
        if part_name(entry.path) != part:
            renamed.setdefault((entry.kind, entry.owner), {})[entry.path] = quote(part)
    return Parts(parts, renamed)


def part_name(path: str) -> str:
    """Return the absolute name of the part that the value of a File or a thumbnail's path names."""
    return "/" + unquote(path).removeprefix("file://").lstrip("/")


def _free_part(
    wanted: str, digest: str, taken: Mapping[str, str], parts: Mapping[str, FileEntry]
) -> str:
    if not _can_be(wanted):
        wanted = FOLDER + _safe(wanted)
    stem, dot, suffix = wanted.rpartition(".")
    if "/" in suffix or not dot:
        stem, dot, suffix = wanted, "", ""
    part, number = wanted, 1
    while part.lower() in taken:
        if taken[part.lower()] == part and parts[part].content.digest == digest:
            return part
        number += 1
        part = f"{stem}-{number}{dot}{suffix}"
    return part


def _can_be(part: str) -> bool:
    """Return whether a part with a file may have this name."""
    segments = part.split("/")[1:]
    return (
        part.lower() not in _RESERVED
        and _RELATIONSHIPS not in (each.lower() for each in segments)
        and not any(each.strip(". ") == "" for each in segments)
        and part.isprintable()
        and not any(sign in part for sign in "\\:%?#")
    )


def _safe(name: str) -> str:
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    kept = _UNSAFE.sub("_", last)
    return kept.strip(".")[-100:] or "file"
