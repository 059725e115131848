"""``aas-server pki``: the options and words of its commands."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from aas_server.cli.options import Config, Data
from aas_server.cli.running import out, with_settings
from aas_server.logs import configure_logging
from aas_server.settings import Settings

app: Final = typer.Typer(
    help="Certificates of OPC UA connections: whom we trust, and who we are. Servers may be at "
    "work meanwhile.",
    no_args_is_help=True,
)

Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="A file's name, or the beginning of a fingerprint."),
]


@app.callback()
def _quiet() -> None:
    configure_logging("ERROR", "console")


@app.command("list")
def list_(data: Data = None, config: Config = None) -> None:
    """List who is trusted, who may vouch for others, what was revoked, and who was rejected.

    Exits with 1 when a file cannot be read as what it should be.
    """
    from aas_server.cli.pki_folder import list_folder

    async def act(settings: Settings) -> bool:
        return list_folder(settings, out)

    if not with_settings({"data": data}, config, act):
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A file's name, or the beginning of a fingerprint."),
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show one certificate in full; without a NAME our own, which machines have to trust.

    Our own is made if there is none yet.
    """
    from aas_server.cli.pki_folder import show_certificate

    async def act(settings: Settings) -> None:
        show_certificate(name, settings, out)

    with_settings({"data": data}, config, act)


@app.command()
def trust(names: Names, data: Data = None, config: Config = None) -> None:
    """Trust servers that were rejected: compare the fingerprints with those at the machines first.

    Running servers take it in at their next attempt, within ten seconds.
    """
    from aas_server.cli.pki_folder import trust_rejected

    async def act(settings: Settings) -> None:
        trust_rejected(names, settings, out)

    with_settings({"data": data}, config, act)


@app.command()
def reject(names: Names, data: Data = None, config: Config = None) -> None:
    """Trust servers or authorities no longer; connections that stand go on until they are lost."""
    from aas_server.cli.pki_folder import reject_trusted

    async def act(settings: Settings) -> None:
        reject_trusted(names, settings, out)

    with_settings({"data": data}, config, act)
