"""``aas-server opcua propose``: a machine's documents written, or merged into what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from aas_server.bindings.onboarding.folder import read_folder, write_folder
from aas_server.bindings.onboarding.lock import Lock, read_lock
from aas_server.bindings.onboarding.proposal import Proposal, Wish, propose
from aas_server.bindings.opcua.address_space import MachineTree
from aas_server.bindings.opcua.browsing import BrowseLimits, browse_machine, machines_below
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.cli.opcua_connection import opened
from aas_server.errors import ConfigurationError
from aas_server.logs import configure_logging
from aas_server.metamodel.verification import verify

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ProposeOptions:
    """How ``aas-server opcua propose`` goes about it."""

    output: Path
    root: str | None
    name: str | None
    id_base: str | None
    limits: BrowseLimits
    dry_run: bool


async def propose_machine(
    settings: OpcUaConnectionSettings,
    connection: Mapping[str, Any],
    options: ProposeOptions,
    pki: Path,
    out: Console,
    err: Console,
) -> bool:
    """Write a proposal and tell what is in it; returns whether the whole machine was seen.

    Raises ``ConfigurationError`` for a machine that cannot be reached, for several machines without
    a root, and for a folder that another made.
    """
    configure_logging("ERROR", "console")
    lock = read_lock(options.output)
    existing = read_folder(options.output, has_lock=lock is not None)
    tree = await _machine(settings, options, lock, pki)
    wish = Wish(settings, connection, options.name, options.id_base)
    proposal = propose(tree, wish, lock, existing)
    _refuse_unsound(proposal)
    if not options.dry_run:
        write_folder(options.output, proposal.files)
    _tell(proposal, options, out)
    if tree.cut is not None:
        err.print(f"not all was seen: {tree.cut}", style="yellow", markup=False)
    return tree.cut is None


async def _machine(
    settings: OpcUaConnectionSettings, options: ProposeOptions, lock: Lock | None, pki: Path
) -> MachineTree:
    root = options.root or (lock.root if lock is not None else None)
    async with opened(settings, pki) as session:
        if root is None:
            machines = await machines_below(session, root)
            if len(machines) > 1:
                lines = "".join(f"\n  --root {_quoted(node)}  {name}" for node, name in machines)
                raise ConfigurationError(f"the server has several machines; name one:{lines}")
            root = machines[0][0] if machines else None
        return await browse_machine(session, root, options.limits)


def _refuse_unsound(proposal: Proposal) -> None:
    """Raise ``ConfigurationError`` for documents that break a constraint of the metamodel."""
    if not proposal.is_first:
        return  # what the user made of them is the user's; check tells
    for file, environment in proposal.documents.items():
        for documents in environment.values():
            for document in documents:
                for finding in filter(lambda each: each.is_error, verify(document)):
                    raise ConfigurationError(
                        f"what the machine tells makes no sound document: {finding.path} "
                        f"{finding.text}",
                        path=file,
                    )


def _tell(proposal: Proposal, options: ProposeOptions, out: Console) -> None:
    report, folder = proposal.report, options.output
    if proposal.is_first:
        counts = Counter(point.submodel for point in proposal.points)
        told = ", ".join(f"{count} in {name}" for name, count in counts.items())
        _line(out, f"{proposal.identity.name}: {len(proposal.points)} elements: {told or 'none'}")
    else:
        _list(out, "new", "+", report.added, "green")
        _list(out, "no longer there, kept", "-", report.vanished, "red")
        _list(out, "under another node id", "~", report.moved, "yellow")
        _list(out, "new, but not added", "!", report.not_added, "yellow")
        _list(out, "told otherwise now, taken over", "~", report.changes.changed, "yellow")
        _list(out, "told otherwise now, yours kept", "=", report.changes.kept, "cyan")
    _list(out, "left out", " ", report.left_out, "dim", shown=_SHOWN)
    files = sorted(name for name in proposal.files if not name.endswith(".lock"))
    if not files:
        _line(out, f"nothing changed in {folder}")
    elif options.dry_run:
        _line(out, f"would write into {folder}: {', '.join(files)}")
    else:
        _line(out, f"written into {folder}: {', '.join(files)}")
        if proposal.is_first:
            _line(out, f"next: aas-server check {folder / 'plant.yaml'} --load {folder}")


def _list(
    out: Console, title: str, sign: str, lines: Sequence[str], style: str, shown: int | None = None
) -> None:
    if not lines:
        return
    _line(out, f"{title}: {len(lines)}")
    for line in lines[:shown]:
        _line(out, f"  {sign} {line}", style)
    if shown is not None and len(lines) > shown:
        _line(out, f"    and {len(lines) - shown} more")


def _line(out: Console, text: str, style: str | None = None) -> None:
    out.print(text, style=style, markup=False, highlight=False)


def _quoted(node: str) -> str:
    return f"'{node}'" if "'" not in node else f'"{node}"'
