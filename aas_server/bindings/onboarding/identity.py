"""What the proposed documents are called: ids that are this machine's alone, and its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aas_server.bindings.onboarding.naming import id_short
from aas_server.bindings.opcua.address_space import STANDARD, MachineTree

_URI: Final = re.compile(r"(?:urn:[A-Za-z0-9][A-Za-z0-9.-]{0,63}:|https?://)[^\s<>\"{}|\\^`#?]+")
_NOT_IN_URIS: Final = re.compile(r"[^A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """The machine's name (an idShort, as the plant file calls its connection in small letters) and
    the URI that all ids begin with.
    """

    name: str
    base: str

    def of(self, kind: str) -> str:
        """Return the id of a document: ``urn:vendor:mill:OperationalData``."""
        separator = "/" if self.base.startswith("http") else ":"
        return f"{self.base.rstrip('/:')}{separator}{kind}"

    @property
    def connection(self) -> str:
        """Return the name of the connection in the plant file."""
        return self.name.lower()


def identity_of(tree: MachineTree, url: str, name: str | None, base: str | None) -> Identity:
    """Return what a machine and its documents are called.

    The name, unless given, is that of the root, of the only object below Objects, or the product's;
    the ids begin, unless ``base`` is given, with the ApplicationUri of the server, which tells it
    from all others (OPC 10000-4 7.2), and the machine's name, unless that is its end already.
    """
    chosen = id_short(name) if name else _name(tree)
    if base:
        return Identity(chosen, base)
    uri = tree.application_uri if _URI.fullmatch(tree.application_uri) else ""
    if not uri:
        uri = f"urn:opcua:{_NOT_IN_URIS.sub('-', url.partition('://')[2]).strip('-')}"
    last = re.split(r"[:/]", uri.rstrip("/"))[-1]
    if id_short(last).casefold() == chosen.casefold():
        return Identity(chosen, uri)
    return Identity(chosen, Identity(chosen, uri).of(chosen))


def _name(tree: MachineTree) -> str:
    root = tree.root
    if root.name.namespace != STANDARD:
        return id_short(root.name.name)
    objects = [child for child in root.children if child.kind == "Object"]
    if len(objects) == 1:
        return id_short(objects[0].name.name)
    return id_short(tree.product_name or "Machine")
