"""The section of ``specs/CONFORMANCE.md`` about the last soak."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.clients.tools import PROJECT

RESULT: Final = Path(__file__).with_name("soak.json")
_PAGE: Final = PROJECT / "specs" / "CONFORMANCE.md"
_BEGIN: Final = "<!-- soak: begin -->"
_END: Final = "<!-- soak: end -->"


def last_soak() -> str:
    """Return the section of the last run that passed, between its marks."""
    text = "No run has been recorded yet: `make soak`."
    if RESULT.exists():
        text = summary(json.loads(RESULT.read_text(encoding="utf-8")))
    return f"{_BEGIN}\n{text}\n{_END}"


def save(result: dict[str, Any]) -> None:
    """Keep ``result`` and show it on the page."""
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    page = _PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{last_soak()}{after}", encoding="utf-8")


def summary(result: dict[str, Any]) -> str:
    """Return a table of what came of a run."""
    kinds = Counter[str]()
    for name, count in result["faults"].items():
        kinds[name.rpartition(" of ")[0]] += count
    warm, end = result["memory_warm_mb"], result["memory_end_mb"]
    growth = f", {end / warm - 1:+.1%}" if warm else ""
    rows = {
        "date": result["date"],
        "length, seed": f"{result['seconds']} s, `{result['seed']}`",
        "faults": ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        "values looked at": f"{result['values']:,}, {result['good']:,} of them good",
        "good and old": result["good_and_old"],
        "with the number of another": result["of_another"],
        "returns after more than 10 s": result["late"],
        "slowest return": f"{result['slowest_return']} s",
        "memory of the server, warm and at the end": f"{warm} MB, {end} MB{growth}",
        "open files, warm and at the end": f"{result['files_warm']}, {result['files_end']}",
    }
    lines = [f"| {name} | {text} |" for name, text in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])
