"""``aas-server import``: files taken into the store of a data folder, all of them or none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TaskID

from aas_server.cli.import_report import CONFLICT, HINT, Outcome, as_json, show
from aas_server.clock import Clock, SystemClock
from aas_server.errors import BadRequest, ConfigurationError, Finding, InvalidDocument
from aas_server.logs import configure_logging
from aas_server.packages.bulk.bulk_import import BulkImport
from aas_server.packages.bulk.reading import Reading
from aas_server.packages.bulk.verdicts import Manner
from aas_server.packages.bulk.workers import Workers
from aas_server.packages.contents import PACKAGE
from aas_server.packages.plan import Fate, OnConflict, Step
from aas_server.packages.signatures.policy import SignaturePolicy, read_policy
from aas_server.settings import Settings, database_password
from aas_server.store.opening import make_snapshot, make_store
from aas_server.store.protocol import Store
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import FILE_NAME, SqliteStore

ACTOR: Final = "import"
_BARS: Final = 10
"""Files that have a bar of their own at most."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How ``aas-server import`` goes about it."""

    on_conflict: OnConflict
    dry_run: bool = False
    strict: bool = False
    json: bool = False
    trusted: bool = False


async def import_files(
    files: Sequence[Path], options: ImportOptions, settings: Settings, out: Console, err: Console
) -> bool:
    """Import ``files`` into the store of ``settings.data`` and tell what became of them.

    Returns whether they were taken in, of a dry run whether they would be. Raises
    ``ConfigurationError`` for a store that cannot be used, ``Interrupted`` when documents could
    not be checked to the end; then nothing was changed.
    """
    if options.strict and options.trusted:
        raise ConfigurationError("--strict looks for what --trusted does not: leave one out")
    configure_logging("ERROR", "console")
    clock = SystemClock()
    policy = read_policy(settings.trusted_signers, clock, is_required=settings.require_signature)
    manner = Manner(strict=options.strict, trusted=options.trusted)
    async with (
        _store(settings, options, clock) as store,
        Workers(manner, expected=_size(files)) as workers,
        _import(store, clock, workers, options) as deed,
    ):
        outcomes = await _carried_out(deed, files, options, policy, err)
    for outcome in outcomes:
        if options.json:
            out.file.write(as_json(outcome).decode())
        else:
            show(outcome, out, dry_run=options.dry_run)
    return all(outcome.status in ("imported", "planned") for outcome in outcomes)


def _size(files: Sequence[Path]) -> int:
    """Return how many bytes ``files`` have together, as far as that can be known."""
    size = 0
    for file in files:
        with suppress(OSError):  # told when it is read
            size += file.stat().st_size
    return size


@asynccontextmanager
async def _store(settings: Settings, options: ImportOptions, clock: Clock) -> AsyncIterator[Store]:
    """Yield the store that the settings say; for a dry run one that is only looked at."""
    password = partial(database_password, settings)
    with ExitStack() as stack:
        store: SqlStore
        if not options.dry_run:
            store = make_store(
                settings.data,
                settings.database,
                clock=clock,
                password=password,
                history_versions=settings.history_versions,
                history_days=settings.history_days,
            )
        elif settings.database is not None or (settings.data / FILE_NAME).exists():
            store = make_snapshot(settings.data, settings.database, clock=clock, password=password)
        else:
            scratch = stack.enter_context(TemporaryDirectory(prefix="aas-server-import-"))
            store = SqliteStore(Path(scratch), clock)
        await store.open()
        try:
            yield store
        finally:
            await store.close()


def _import(store: Store, clock: Clock, workers: Workers, options: ImportOptions) -> BulkImport:
    return BulkImport(
        store,
        clock,
        workers,
        actor=ACTOR,
        on_conflict=options.on_conflict,
        dry_run=options.dry_run,
    )


async def _carried_out(
    deed: BulkImport,
    files: Sequence[Path],
    options: ImportOptions,
    policy: SignaturePolicy,
    err: Console,
) -> list[Outcome]:
    with _progress(err) as progress:
        bar = _Bar(progress, files)
        readings = [await _read(deed, file, policy, bar) for file in files]
        await deed.settle()
    if options.dry_run or not any(reading.failure for reading in readings):
        await deed.finish()
    outcomes = [_outcome(reading) for reading in readings]
    is_refused = any(outcome.status == "refused" for outcome in outcomes)
    if not is_refused:
        for outcome in outcomes:
            outcome.status = "planned" if options.dry_run else "imported"
    return outcomes


async def _read(deed: BulkImport, file: Path, policy: SignaturePolicy, bar: _Bar) -> Reading:
    try:
        await policy.require(file)
    except (BadRequest, OSError) as error:
        return deed.refuse(file, error)
    task = bar.task(file)
    return await deed.read(
        file,
        begun=lambda count: bar.expect(task, count),
        advance=lambda count: bar.advance(task, count),
    )


def _outcome(reading: Reading) -> Outcome:
    """Return how a file ended; one that is not refused may be held back yet."""
    outcome = Outcome(reading.file, report=reading.report)
    error = reading.failure
    if isinstance(error, InvalidDocument):
        outcome.refuse(error.findings)
    elif isinstance(error, BadRequest):
        outcome.refuse([Finding(PACKAGE, error.path or "", error.text)])
    elif error is not None:
        outcome.refuse([Finding(PACKAGE, "", f"cannot read it: {error.strerror}")])
    if outcome.report.conflicts:
        conflicts = [step for step in outcome.report.steps if step.fate is Fate.CONFLICT]
        outcome.refuse([_conflict(step) for step in conflicts])
    return outcome


def _conflict(step: Step) -> Finding:
    return Finding(CONFLICT, f"{step.kind.value} {step.id!r}", step.reason, hint=HINT)


class _Bar:
    """Shows how far each file is; of many files, how far all of them are."""

    def __init__(self, progress: Progress, files: Sequence[Path]) -> None:
        self._progress = progress
        self._all: TaskID | None = None
        self._total = 0
        if len(files) > _BARS:
            self._all = progress.add_task(f"{len(files)} files", total=None)

    def task(self, file: Path) -> TaskID:
        """Return what shows how far ``file`` is."""
        if self._all is None:
            return self._progress.add_task(file.name, total=None)
        return self._all

    def expect(self, task: TaskID, count: int) -> None:
        """Show that there are ``count`` more documents and files to come."""
        self._total = count if self._all is None else self._total + count
        self._progress.update(task, total=self._total)

    def advance(self, task: TaskID, count: int) -> None:
        """Show that ``count`` more were done."""
        self._progress.advance(task, count)


def _progress(err: Console) -> Progress:
    """Return a bar for each file, on a terminal only."""
    columns = *Progress.get_default_columns()[:2], MofNCompleteColumn()
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
