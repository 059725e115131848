"""POST /upload: environments and packages taken in whole, as BaSyx's clients send them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from aas_server.api.call import Call
from aas_server.api.multipart import read_upload
from aas_server.api.packages import spool
from aas_server.api.responses import Response, view_response
from aas_server.errors import Finding
from aas_server.metamodel.tree import Node
from aas_server.packages.importer import ImportReport, import_contents
from aas_server.packages.reader import entered_package
from aas_server.store.protocol import Kind, StoredFile

_COUNTED: Final = {
    "shells": Kind.SHELL,
    "submodels": Kind.SUBMODEL,
    "conceptDescriptions": Kind.CONCEPT_DESCRIPTION,
}


async def upload(call: Call) -> Response:
    """Create every document of the JSON, XML or AASX file in the form, or none of them."""
    ignore = call.query.boolean("ignore-duplicates", default=False)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(folder) / "upload"

        async def take_in(pieces: AsyncIterator[bytes]) -> StoredFile:
            return StoredFile("", await spool(file, pieces))

        await read_upload(call, take_in)
        contents = await entered_package(stack, file)
        report = await import_contents(
            call.repository, contents, actor=call.actor, ignore_duplicates=ignore
        )
    return view_response(_view(report))


def _view(report: ImportReport) -> Node:
    return {
        **{name: report.created.get(kind, 0) for name, kind in _COUNTED.items()},
        "skipped": report.skipped,
        "files": report.files,
        "findings": [_finding(each) for each in report.findings],
    }


def _finding(finding: Finding) -> Node:
    return {
        "code": finding.code,
        "level": "error" if finding.is_error else "warning",
        "path": finding.path,
        "text": finding.text,
    }
