"""``aas-server convert``: a file in another form."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from aas_server.clock import SystemClock
from aas_server.errors import BadRequest
from aas_server.logs import configure_logging
from aas_server.packages.conversion import convert
from aas_server.packages.selection import Metamodel


async def convert_file(
    source: Path, target: Path, notes: Console, *, metamodel: Metamodel = Metamodel.V3_1
) -> None:
    """Write ``source`` in the form that the extension of ``target`` names, and print what was odd.

    Raises ``BadRequest`` that names the file, and what ``convert`` raises.
    """
    configure_logging("ERROR", "console")
    try:
        findings = await convert(source, target, clock=SystemClock(), metamodel=metamodel)
    except OSError as error:
        raise BadRequest(error.strerror or str(error), path=str(error.filename)) from error
    for finding in findings:
        kind = "error" if finding.is_error else "note"
        place = f"{finding.path}: " if finding.path else ""
        notes.print(f"{kind}: {place}{finding.text} ({finding.code})", markup=False)
