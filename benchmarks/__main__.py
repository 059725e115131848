"""Run all benchmarks, or those named on the command line, and print one table."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    demo_memory,
    http_lists,
    http_reads,
    http_writes,
    imports,
    ingest,
    model_memory,
    mqtt_ingest,
    packages,
    queries,
    start,
    templates,
)
from benchmarks.measure import Row

BENCHMARKS: dict[str, Callable[[], Coroutine[Any, Any, list[Row]]]] = {
    "http": http_reads.run,
    "lists": http_lists.run,
    "writes": http_writes.run,
    "ingest": ingest.run,
    "memory": demo_memory.run,
    "model": model_memory.run,
    "mqtt": mqtt_ingest.run,
    "packages": packages.run,
    "queries": queries.run,
    "start": start.run,
    "templates": templates.run,
    "imports": imports.run,
}


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    console = Console()
    table = Table("benchmark", "measured", "target", "")
    for name in chosen:
        console.print(f"running {name} ...", style="dim")
        for row in asyncio.run(BENCHMARKS[name]()):
            mark = "" if row.met is None else ("met" if row.met else "[bold red]missed[/bold red]")
            table.add_row(row.name, row.measured, row.target, mark)
    console.print(table)


main()
