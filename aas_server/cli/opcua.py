"""``aas-server opcua``: look at a machine, and make a live shell of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.cli.options import Data
from aas_server.cli.running import err, out, report_errors, run

app: Final = typer.Typer(help="Look at a machine's OPC UA server, and make a live shell of it.")

Url = Annotated[
    str | None,
    typer.Argument(metavar="URL", help="Address of the server: opc.tcp://host:port/path."),
]
Root = Annotated[
    str | None,
    typer.Option(
        help="Node id to begin at, nsu=<namespace URI>;s=<id>. "
        "(default: Machines, DeviceSet, else Objects)"
    ),
]
Depth = Annotated[int, typer.Option(help="Levels below the root at most.", min=1, max=100)]
MaxNodes = Annotated[int, typer.Option(help="Nodes at most.", min=1, max=1_000_000)]
Seconds = Annotated[float, typer.Option(help="Seconds at most.", min=1, max=3600)]
Plant = Annotated[Path | None, typer.Option(help="Plant file that has the connection.")]
Connection = Annotated[str | None, typer.Option(help="Name of the connection in it.")]
Policy = Annotated[
    str | None,
    typer.Option(help="None, Basic256Sha256, Aes128_Sha256_RsaOaep or Aes256_Sha256_RsaPss."),
]
Mode = Annotated[str | None, typer.Option(help="None, Sign or SignAndEncrypt.")]
User = Annotated[str | None, typer.Option(help="User name; anonymous when left out.")]
PasswordEnv = Annotated[
    str | None, typer.Option(help="Environment variable that holds the password.")
]
PasswordFile = Annotated[Path | None, typer.Option(help="File that holds the password.")]
ServerCertificate = Annotated[
    Path | None, typer.Option(help="Certificate of the server; no other is accepted.")
]
Timeout = Annotated[float | None, typer.Option(help="Seconds for an answer at most.")]


@app.command()
def browse(
    url: Url = None,
    root: Root = None,
    depth: Depth = 20,
    max_nodes: MaxNodes = 2000,
    seconds: Seconds = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plant: Plant = None,
    connection: Connection = None,
    policy: Policy = None,
    mode: Mode = None,
    user: User = None,
    password_env: PasswordEnv = None,
    password_file: PasswordFile = None,
    server_certificate: ServerCertificate = None,
    timeout: Timeout = None,
    data: Data = None,
) -> None:
    """Show a server's nodes as a tree: types, units, ranges, access, present values and status.

    Exits with 1 when a limit was reached and something is missing.
    """
    from aas_server.bindings.opcua.browsing import BrowseLimits
    from aas_server.cli.opcua_browsing import browse_server

    settings = _settings(
        url, plant, connection, policy, mode, user, password_env, password_file,
        server_certificate, timeout,
    )[0]  # fmt: skip
    limits = BrowseLimits(max_nodes, depth, seconds)
    pki = (data or Path("data")) / "pki"
    if not run(lambda: browse_server(settings, root, limits, pki, out, as_json=as_json)):
        raise typer.Exit(1)


@app.command()
def propose(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    url: Url = None,
    root: Root = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the machine. (default: as it calls itself)")
    ] = None,
    id_base: Annotated[
        str | None,
        typer.Option(
            help="URI that all ids begin with. (default: the server's ApplicationUri and the name)"
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing, and tell what would be.")
    ] = False,
    depth: Depth = 20,
    max_nodes: MaxNodes = 10_000,
    seconds: Seconds = 60,
    plant: Plant = None,
    connection: Connection = None,
    policy: Policy = None,
    mode: Mode = None,
    user: User = None,
    password_env: PasswordEnv = None,
    password_file: PasswordFile = None,
    server_certificate: ServerCertificate = None,
    timeout: Timeout = None,
    data: Data = None,
) -> None:
    """Write shell, submodels, AID, AIMC and plant file for a machine never seen before.

    A second run into the same folder adds what is new and leaves what you changed. Exits with 1
    when a limit was reached and something may be missing.
    """
    from aas_server.bindings.opcua.browsing import BrowseLimits
    from aas_server.cli.opcua_proposing import ProposeOptions, propose_machine

    settings, lines = _settings(
        url, plant, connection, policy, mode, user, password_env, password_file,
        server_certificate, timeout,
    )  # fmt: skip
    options = ProposeOptions(
        output, root, name, id_base, BrowseLimits(max_nodes, depth, seconds), dry_run
    )
    pki = (data or Path("data")) / "pki"
    if not run(lambda: propose_machine(settings, lines, options, pki, out, err)):
        raise typer.Exit(1)


def _settings(
    url: str | None,
    plant: Path | None,
    connection: str | None,
    policy: str | None,
    mode: str | None,
    user: str | None,
    password_env: str | None,
    password_file: Path | None,
    server_certificate: Path | None,
    timeout: float | None,
) -> tuple[OpcUaConnectionSettings, dict[str, Any]]:
    """Return a connection's settings and its lines in a plant file."""
    from aas_server.cli.opcua_connection import connection_from_options, connection_from_plant

    security: dict[str, Any] = {
        "policy": policy,
        "mode": mode,
        "user": user,
        "password": {"env": password_env} if password_env else None,
        "serverCertificate": None if server_certificate is None else str(server_certificate),
    }
    if password_file is not None:
        security["password"] = {"file": str(password_file)}
    told = {name: value for name, value in security.items() if value is not None}
    with report_errors():
        if plant is not None:
            has_options = bool(told) or timeout is not None
            return connection_from_plant(plant, connection, url=url, has_options=has_options)
        return connection_from_options(url, told, timeout)
