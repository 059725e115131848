"""``aas-server import``: files taken into the store of a data folder, all of them or none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from aas_server.cli.import_report import CONFLICT, HINT, Outcome, as_json, show
from aas_server.clock import Clock, SystemClock
from aas_server.errors import BadRequest, Conflict, Finding, InvalidDocument
from aas_server.live.hub import LiveHub
from aas_server.logs import configure_logging
from aas_server.packages.contents import PACKAGE, Contents
from aas_server.packages.importer import Import
from aas_server.packages.plan import Fate, OnConflict, Step
from aas_server.packages.reader import entered_package
from aas_server.packages.signatures.policy import SignaturePolicy, read_policy
from aas_server.repository.repository import Repository
from aas_server.settings import Settings
from aas_server.store.snapshot import SqliteSnapshot
from aas_server.store.sqlite import SqliteStore

ACTOR: Final = "import"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How ``aas-server import`` goes about it."""

    on_conflict: OnConflict
    dry_run: bool = False
    strict: bool = False
    json: bool = False


async def import_files(
    files: Sequence[Path], options: ImportOptions, settings: Settings, out: Console, err: Console
) -> bool:
    """Import ``files`` into the store of ``settings.data`` and tell what became of them.

    Returns whether they were taken in, of a dry run whether they would be. Raises
    ``ConfigurationError`` for a store that cannot be used.
    """
    configure_logging("ERROR", "console")
    clock = SystemClock()
    policy = read_policy(settings.trusted_signers, clock, is_required=settings.require_signature)
    async with _repository(settings, options, clock) as repository:
        outcomes = await _carried_out(repository, files, options, policy, err)
    for outcome in outcomes:
        if options.json:
            out.file.write(as_json(outcome).decode())
        else:
            show(outcome, out, dry_run=options.dry_run)
    return all(outcome.status in ("imported", "planned") for outcome in outcomes)


@asynccontextmanager
async def _repository(
    settings: Settings, options: ImportOptions, clock: Clock
) -> AsyncIterator[Repository]:
    """Yield the repository of the data folder; for a dry run one that is only looked at."""
    with ExitStack() as stack:
        store: SqliteStore
        if not options.dry_run:
            versions = settings.history_versions
            store = SqliteStore(settings.data, clock, history_versions=versions)
        elif (settings.data / "aas.sqlite").exists():
            store = SqliteSnapshot(settings.data, clock)
        else:
            scratch = stack.enter_context(TemporaryDirectory(prefix="aas-server-import-"))
            store = SqliteStore(Path(scratch), clock)
        await store.open()
        try:
            repository = Repository(store, LiveHub(clock), clock)
            await repository.open()
            yield repository
        finally:
            await store.close()


async def _carried_out(
    repository: Repository,
    files: Sequence[Path],
    options: ImportOptions,
    policy: SignaturePolicy,
    err: Console,
) -> list[Outcome]:
    deed = Import(
        repository,
        actor=ACTOR,
        on_conflict=options.on_conflict,
        dry_run=options.dry_run,
        strict=options.strict,
    )
    with _progress(err) as progress:
        outcomes = [await _read(deed, file, policy, progress) for file in files]
    is_refused = any(outcome.status == "refused" for outcome in outcomes)
    if options.dry_run or not is_refused:
        with suppress(Conflict):  # the reports tell it
            await deed.finish()
    for outcome in outcomes:
        if outcome.report.conflicts:
            conflicts = [step for step in outcome.report.steps if step.fate is Fate.CONFLICT]
            outcome.refuse([_conflict(step) for step in conflicts])
            is_refused = True
    if not is_refused:
        for outcome in outcomes:
            outcome.status = "planned" if options.dry_run else "imported"
    return outcomes


async def _read(deed: Import, file: Path, policy: SignaturePolicy, progress: Progress) -> Outcome:
    task = progress.add_task(file.name, total=None)
    outcome = Outcome(file)
    contents = Contents()
    try:
        with ExitStack() as stack:
            await policy.require(file)
            contents = await entered_package(stack, file)
            documents = sum(map(len, contents.documents.values()))
            progress.update(task, total=documents + len(contents.files))
            outcome.report = await deed.read(contents, advance=lambda: progress.advance(task))
    except InvalidDocument as error:
        outcome.report.read |= {kind: len(trees) for kind, trees in contents.documents.items()}
        outcome.report.files_read = len(contents.files)
        outcome.refuse(error.findings)
    except BadRequest as error:
        outcome.refuse([Finding(PACKAGE, error.path or "", error.text)])
    except OSError as error:
        outcome.refuse([Finding(PACKAGE, "", f"cannot read it: {error.strerror}")])
    return outcome


def _conflict(step: Step) -> Finding:
    return Finding(CONFLICT, f"{step.kind.value} {step.id!r}", step.reason, hint=HINT)


def _progress(err: Console) -> Progress:
    """Return a bar for each file, on a terminal only."""
    columns = *Progress.get_default_columns()[:2], MofNCompleteColumn()
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
