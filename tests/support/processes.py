"""Real processes for tests: started by their command lines, watched, stopped by process id."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import psutil

T = TypeVar("T")

POLL_SECONDS: Final = 0.05
STOP_SECONDS: Final = 10.0
_LOG_TAIL: Final = 4000


TEST_VARIABLES: Final = frozenset({"AAS_WEBUI_URL"})
"""Variables that are for the tests: a server would refuse them as unknown settings."""


def eventually(
    probe: Callable[[], T | None], *, within: float, what: str, every: float = POLL_SECONDS
) -> T:
    """Call ``probe`` until what it returns is true, and return that.

    Raises ``AssertionError`` that tells the last answer when ``within`` seconds are over.
    """
    deadline = time.monotonic() + within
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}; at last it was {answer!r}")
        time.sleep(every)


class ManagedProcess:
    """One program under test; what it prints goes to two files in ``folder``."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = Path(command[0]).name
        self._stdout = folder / "stdout.log"
        self._stderr = folder / "stderr.log"
        with self._stdout.open("wb") as out, self._stderr.open("wb") as err:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env={**_inherited(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.poll()

    def output(self) -> str:
        """What it has printed so far."""
        return self._stdout.read_text(encoding="utf-8")

    def log(self) -> str:
        """What it has written to standard error so far."""
        return self._stderr.read_text(encoding="utf-8")

    def wait_for_line(self, accept: Callable[[str], T | None], *, within: float) -> T:
        """Return what ``accept`` makes of the first line of the output that it takes."""

        def look() -> T | None:
            if self.exit_code is not None:
                raise AssertionError(f"{self.name} ended with {self.exit_code}:\n{self.tail()}")
            complete_lines = self.output().split("\n")[:-1]
            return next((found for line in complete_lines if (found := accept(line))), None)

        return eventually(look, within=within, what=f"{self.name} is ready")

    def tail(self) -> str:
        """The end of all that it said, for the message of a failure."""
        return f"{self.output()[-_LOG_TAIL:]}\n{self.log()[-_LOG_TAIL:]}"

    def freeze(self) -> None:
        """Stop it in its tracks: sockets stay open, nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        self._process.kill()
        self._process.wait(STOP_SECONDS)

    def terminate(self, *, within: float = STOP_SECONDS) -> int:
        """Ask it to stop and return its exit code.

        Raises ``AssertionError`` when it, or a process that it started, is still there after
        ``within`` seconds.
        """
        family = self._descendants()
        self._process.terminate()
        try:
            exit_code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._kill_all(family)
            raise AssertionError(
                f"{self.name} did not stop within {within:g} s:\n{self.tail()}"
            ) from None
        _, orphans = psutil.wait_procs(family, timeout=1)
        self._kill_all(orphans)
        assert not orphans, f"{self.name} left processes behind: {orphans}"
        return exit_code

    def close(self) -> None:
        """End it by whatever it takes, children too; fine when it has ended before."""
        if self.exit_code is None:
            self.thaw()
            self.terminate()

    def _descendants(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def _kill_all(self, family: Sequence[psutil.Process]) -> None:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.kill()


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    within: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in ``folder`` and return its exit code and what it printed."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**_inherited(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in TEST_VARIABLES}
