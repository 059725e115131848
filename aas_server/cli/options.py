"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path | None, typer.Option(help="Folder of the store. (default: data)")]
Database = Annotated[
    str | None,
    typer.Option(
        help="PostgreSQL database that is the store instead: postgresql://user@host:port/name"
    ),
]
Config = Annotated[Path | None, typer.Option(help="TOML file with settings.")]
