"""The ``aas-server`` command."""

from __future__ import annotations

import enum
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from aas_server import __version__
from aas_server.cli.opcua import app as opcua
from aas_server.cli.options import Config, Data, Database
from aas_server.cli.pki import app as pki
from aas_server.cli.running import err, out, report_errors, run, with_settings
from aas_server.cli.store import app as store
from aas_server.cli.templates import app as templates
from aas_server.clock import SystemClock
from aas_server.logs import configure_logging
from aas_server.packages.plan import OnConflict
from aas_server.packages.selection import Metamodel
from aas_server.settings import Settings

app: Final = typer.Typer(
    name="aas-server",
    help="Asset Administration Shells, kept live from the machines, served over HTTP.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Host = Annotated[str | None, typer.Option(help="Address to listen on. (default: 127.0.0.1)")]
Port = Annotated[int | None, typer.Option(help="TCP port, 0 for a free one. (default: 8080)")]
Load = Annotated[
    list[Path] | None,
    typer.Option(help="JSON environment or folder to load; may be given several times."),
]
More = Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", hidden=True)]
Plant = Annotated[Path | None, typer.Option(help="Plant file: connections and bindings.")]
Shell = Annotated[
    str | None, typer.Option(help="Identifier of the one shell that is also served at /aas.")
]
Submodel = Annotated[
    str | None,
    typer.Option(help="Identifier of the one submodel that is also served at /submodel."),
]
ExternalUrl = Annotated[
    str | None, typer.Option(help="Address under which clients reach the server.")
]


def main() -> None:
    """Run the command line; exits with 0, 1 or 2."""
    app()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        out.print(f"aas-server {__version__}")
        raise typer.Exit


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database: Database = None,
    load: Load = None,
    plant: Plant = None,
    config: Config = None,
    shell: Shell = None,
    submodel: Submodel = None,
    external_url: ExternalUrl = None,
    more: More = None,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C."""
    options = _options(host, port, data, load, plant, more)
    options |= {"database": database, "external_url": external_url}
    options |= {"shell": shell, "submodel": submodel}
    with_settings(options, config, serve_until_stopped)


@app.command()
def demo(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    load: Load = None,
    plant: Plant = None,
    config: Config = None,
    plant_port: Annotated[
        int, typer.Option(help="The simulated machines take the four ports above this one.")
    ] = 48400,
    more: More = None,
) -> None:
    """Start four simulated machines and serve them live; the data folder is temporary if not
    given.
    """
    from aas_server.cli.demo import serve_demo

    options = _options(host, port, data, load, plant, more)
    run(lambda: serve_demo(options, config, plant_port, serve_until_stopped))


@app.command()
def check(
    plant_file: Annotated[Path | None, typer.Argument(metavar="[PLANT_FILE]")] = None,
    load: Load = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    more: More = None,
) -> None:
    """Try every binding against the machines and brokers, changing nothing: those of a plant file,
    and those that interface descriptions (AID, AIMC) among the submodels want.

    Prints one line for each: ok, or why not. The submodels are those of --load, else those of the
    store; without either the elements are not looked at. Exits with 1 when something is not ok.
    """
    from aas_server.cli.check import check_plant

    paths = [*(load or ()), *(more or ())]

    async def act(settings: Settings) -> bool:
        return await check_plant(plant_file, paths, settings, out)

    if not with_settings({"data": data, "database": database}, config, act):
        raise typer.Exit(1)


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, and tell what would be done.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse whatever breaks a constraint or is damaged.")
    ] = False,
    trusted: Annotated[
        bool,
        typer.Option(
            "--trusted",
            help="Check no constraints, only the structure of documents: for what a store or a "
            "tool gave out that verified it.",
        ),
    ] = False,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What becomes of documents whose ids exist.")
    ] = OnConflict.FAIL,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a file and line.")
    ] = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Take packages and environments (AASX, JSON, XML) into a store, all of them or none.

    No server may run on the data folder, but for a dry run: a running one takes files at
    POST /api/v3/upload. Exits with 1 when a file was refused.
    """
    from aas_server.cli.importing import ImportOptions, import_files

    options = ImportOptions(
        on_conflict, dry_run=dry_run, strict=strict, json=as_json, trusted=trusted
    )

    async def act(settings: Settings) -> bool:
        return await import_files(files, options, settings, out, err)

    if not with_settings({"data": data, "database": database}, config, act):
        raise typer.Exit(1)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", exists=True, dir_okay=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT")],
    metamodel: Annotated[
        Metamodel, typer.Option(help="Version of the metamodel that is written.")
    ] = Metamodel.V3_1,
) -> None:
    """Write a package or an environment in another form, named by the extension of OUT.

    Read are .aasx, .json, .xml, .ttl, .jsonld, .nq and .nt; written are those, and .csv and .xlsx
    of a single submodel. What was odd is told.
    """
    from aas_server.cli.converting import convert_file

    run(lambda: convert_file(source, target, err, metamodel=metamodel))


@app.command()
def sign(
    source: Annotated[Path, typer.Argument(metavar="PACKAGE", exists=True, dir_okay=False)],
    key: Annotated[Path, typer.Option(help="PEM file of the private key, RSA or ECDSA.")],
    certificate: Annotated[
        Path, typer.Option(help="PEM file of its certificate, then those that vouch for it.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    password_env: Annotated[
        str | None, typer.Option(help="Environment variable with the password of the key.")
    ] = None,
) -> None:
    """Sign a package: all of its parts and relationships (OPC digital signature)."""
    from aas_server.cli.signed_packages import sign_file

    password = None if password_env is None else os.environ.get(password_env, "")
    with report_errors():
        sign_file(source, output, key, certificate, password, SystemClock())


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    trust: Annotated[
        list[Path] | None,
        typer.Option(help="Certificate of a signer or issuer to trust, or a folder of them."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell who signed a package or a document (JWS), and what is covered.

    Exits with 1 when nobody did, when it was changed since, when it is not covered in full, or when
    the signer is none of those to trust; without --trust, any signer will do.
    """
    from aas_server.cli.signed_packages import verify_file

    with report_errors():
        is_believed = verify_file(file, trust or (), out, as_json=as_json, clock=SystemClock())
    if not is_believed:
        raise typer.Exit(1)


class QueryKind(enum.StrEnum):
    """What can be asked for, as the paths of the API call it."""

    SHELLS = "shells"
    SUBMODELS = "submodels"
    CONCEPT_DESCRIPTIONS = "concept-descriptions"
    SHELL_DESCRIPTORS = "shell-descriptors"
    SUBMODEL_DESCRIPTORS = "submodel-descriptors"


@app.command()
def query(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Query as JSON; - is standard input.")
    ],
    kind: Annotated[QueryKind, typer.Option(help="What is asked for.")] = QueryKind.SUBMODELS,
    server: Annotated[
        str, typer.Option(help="Address of the server that is asked.")
    ] = "http://127.0.0.1:8080",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Results at most; all of them when left out.")
    ] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Print ids in place of documents.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell on standard error how results were found.")
    ] = False,
) -> None:
    """Ask a running server for documents that meet a condition (AAS query language).

    Prints one result a line. Exits with 1 when there is none.
    """
    from aas_server.cli.query import Asked, ask, read_query

    with report_errors():
        content = read_query(file)
    if ids:
        content = {**content, "$select": "id"}
    found = run(lambda: ask(Asked(server, kind.value, content, limit, explain), out, err))
    if not found:
        raise typer.Exit(1)


schema = typer.Typer(help="Print the schemas of what people write and of what the API speaks.")
app.add_typer(schema, name="schema")
app.add_typer(opcua, name="opcua")
app.add_typer(pki, name="pki")
app.add_typer(store, name="store")
app.add_typer(templates, name="template")


@schema.command("plant")
def schema_plant() -> None:
    """Print the JSON Schema of the plant file, for editors."""
    from aas_server.bindings.plant.file import plant_file_schema

    sys.stdout.write(json.dumps(plant_file_schema(), indent=2, ensure_ascii=False) + "\n")


@schema.command("template")
def schema_template() -> None:
    """Print the JSON Schema of the short source of a template."""
    from aas_server.templates.authoring.schema import source_schema

    typer.echo(json.dumps(source_schema(), indent=2, ensure_ascii=False))


@schema.command("openapi")
def schema_openapi() -> None:
    """Print the OpenAPI document of the API."""
    from aas_server.api.docs_page import json_text
    from aas_server.api.openapi.document import whole_document

    sys.stdout.write(json_text(whole_document(__version__)))


async def serve_until_stopped(settings: Settings) -> None:
    """Serve and print the addresses once they answer."""
    from aas_server.runtime import serve

    configure_logging(settings.log_level, settings.log_format)

    def on_ready(address: str) -> None:
        out.print(f"[bold]aas-server {__version__}[/bold] listens on {address}")
        out.print(f"  shells     {address}/api/v3/shells")
        out.print(f"  submodels  {address}/api/v3/submodels")
        out.print(f"  overview   {address}/")
        out.print(f"  health     {address}/health   metrics  {address}/metrics")

    await serve(settings, on_ready=on_ready)


def _options(
    host: str | None,
    port: int | None,
    data: Path | None,
    load: list[Path] | None,
    plant: Path | None,
    more: list[Path] | None,
) -> dict[str, Any]:
    return {
        "host": host,
        "port": port,
        "data": data,
        "load": (*(load or ()), *(more or ())),
        "plant": plant,
    }
