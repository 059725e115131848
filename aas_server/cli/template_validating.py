"""``aas-server template validate``: the submodels of a file judged by their templates."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from aas_server.errors import BadRequest
from aas_server.packages.reader import read_package
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.prototype import Template
from aas_server.templates.validation.rendering import as_json as to_json
from aas_server.templates.validation.rendering import exit_code, show
from aas_server.templates.validation.report import Mode
from aas_server.templates.validation.whole import Validator


def validate_file(
    file: Path,
    template: Template | None,
    catalog: TemplateCatalog,
    out: Console,
    *,
    mode: Mode,
    as_json: bool,
) -> int:
    """Print what is said of every submodel in ``file``, judged by ``template`` or by the one that
    it names, and return the exit code: 0 clean, 1 with errors, 2 when nothing could be judged.

    Raises ``BadRequest`` for a file that cannot be read.
    """
    try:
        with read_package(file) as contents:
            verdicts = Validator(catalog, mode=mode).contents(contents, template=template)
    except BadRequest as error:
        part = f"{error.path} " if error.path and error.path.startswith("/") else ""
        raise BadRequest(f"{part}{error.text}", path=str(file)) from error
    if as_json:
        out.file.write(to_json(verdicts).decode())
    else:
        show(verdicts, out)
    return exit_code(verdicts)
