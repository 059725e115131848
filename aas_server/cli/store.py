"""``aas-server store``: the options and words of its commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from aas_server.cli.options import Config, Data, Database
from aas_server.cli.running import err, out, with_settings
from aas_server.logs import configure_logging
from aas_server.settings import Settings

app: Final = typer.Typer(
    help="The store: copy it, put a copy back, look for damage, make it smaller, write it out.",
    no_args_is_help=True,
)

Backup = Annotated[Path, typer.Argument(metavar="BACKUP.sqlite", exists=True, dir_okay=False)]
Replaces = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]


@app.callback()
def _quiet() -> None:
    configure_logging("ERROR", "console")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="TARGET.sqlite")],
    force: Replaces = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Copy the store to one file, all of one moment; servers may be at work meanwhile.

    The file is a complete store, SQLite also where the store is PostgreSQL. It is there in full or
    not at all.
    """
    from aas_server.cli.store_care import back_up

    async def act(settings: Settings) -> None:
        await back_up(target, settings, replace=force, out=out, err=err)

    with_settings({"data": data, "database": database}, config, act)


@app.command()
def restore(
    file: Backup,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there; a copy of that is kept.")
    ] = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Put a backup in the place of the store, once it is verified; all of it or nothing.

    No server may be at work. The backup may be of an older version, and of the other kind of store:
    that is how one moves between SQLite and PostgreSQL.
    """
    from aas_server.cli.store_care import restore as put_back

    async def act(settings: Settings) -> None:
        await put_back(file, settings, replace=force, out=out, err=err)

    with_settings({"data": data, "database": database}, config, act)


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="BACKUP.sqlite", exists=True, dir_okay=False)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a finding and line.")
    ] = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Read everything in the store, or in a backup, and tell what is damaged and what to do.

    Servers may be at work meanwhile. Exits with 1 when something is wrong, with 2 when the store
    cannot be opened.
    """
    from aas_server.cli.store_care import verify as look

    async def act(settings: Settings) -> bool:
        return await look(file, settings, as_json=as_json, out=out, err=err)

    if not with_settings({"data": data, "database": database}, config, act):
        raise typer.Exit(1)


@app.command()
def compact(data: Data = None, database: Database = None, config: Config = None) -> None:
    """Let go of former versions and contents that nobody needs, and of the room they took.

    How many versions stay is set by history_versions and history_days. No server may be at work on
    the data folder. What lists find documents by is made anew where it is wrong.
    """
    from aas_server.cli.store_care import compact_store

    async def act(settings: Settings) -> None:
        await compact_store(settings, out=out, err=err)

    with_settings({"data": data, "database": database}, config, act)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="TARGET.{json,aasx,xml}")],
    force: Replaces = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Write all shells, submodels and concept descriptions to one file, as its extension says.

    JSON may be of any size; .aasx and .xml are made in memory and refused above 256 MiB. Only .aasx
    takes the files along. Servers may be at work meanwhile.
    """
    from aas_server.cli.store_exporting import export_store

    async def act(settings: Settings) -> None:
        await export_store(target, settings, replace=force, out=out, err=err)

    with_settings({"data": data, "database": database}, config, act)
