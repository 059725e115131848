"""POST /upload: environments and packages taken in whole, as BaSyx's clients send them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

from aas_server.api.call import Call
from aas_server.api.multipart import read_upload
from aas_server.api.packages import spool
from aas_server.api.responses import Response, view_response
from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node
from aas_server.packages.importer import import_contents
from aas_server.packages.plan import ImportReport, OnConflict
from aas_server.packages.reader import entered_package
from aas_server.packages.report_view import counts, finding_view, steps_view
from aas_server.store.protocol import StoredFile


async def upload(call: Call) -> Response:
    """Take in the documents of the JSON, XML or AASX file in the form, all or none of them."""
    on_conflict = _on_conflict(call)
    dry_run = call.query.boolean("dryRun", default=False)
    strict = call.query.boolean("strict", default=False)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(folder) / "upload"

        async def take_in(pieces: AsyncIterator[bytes]) -> StoredFile:
            return StoredFile("", await spool(file, pieces))

        await read_upload(call, take_in)
        await call.services.signatures.require(file)
        contents = await entered_package(stack, file)
        report = await import_contents(
            call.repository,
            contents,
            actor=call.actor,
            on_conflict=on_conflict,
            dry_run=dry_run,
            strict=strict,
        )
    return view_response(_view(report, with_steps=dry_run))


def _on_conflict(call: Call) -> OnConflict:
    """Return what becomes of documents whose ids exist; BaSyx only knows whether to pass over."""
    ignore = call.query.boolean("ignore-duplicates", default=False)
    if not ignore:
        return call.query.choice("onConflict", OnConflict.FAIL)
    chosen = call.query.choice("onConflict", OnConflict.SKIP)
    if chosen is not OnConflict.SKIP:
        text = f"contradicts onConflict={chosen.value}: leave one of the two out"
        raise BadRequest(text, path="ignore-duplicates")
    return chosen


def _view(report: ImportReport, *, with_steps: bool) -> Node:
    view: Node = {
        **counts(report.created),
        "replaced": sum(report.replaced.values()),
        "skipped": report.skipped,
        "files": report.files,
        "findings": [finding_view(each) for each in report.findings],
    }
    if with_steps:
        view["documents"] = steps_view(report)
    return view
