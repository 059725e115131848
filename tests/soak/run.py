"""The run: faults at every target at random moments, and somebody who looks all the time."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psutil

from tests.soak.bench import Bench
from tests.soak.judge import Judge
from tests.soak.targets import Target
from tests.system.aas_process import AasClient
from tests.system.load_model import Shown, shown

RETURN_SECONDS: Final = 10.0
GIVEN_UP_SECONDS: Final = 60.0
START_SECONDS: Final = 60.0
MAX_GROWTH: Final = 0.10
CALM: Final = (2.0, 8.0)
"""Seconds between the recovery from one fault of a target and the next."""
LASTS: Final = (0.5, 8.0)
"""Seconds that a fault lasts."""
WARM: Final = (0.20, 0.35)
"""Which part of the run the memory at its end is compared with."""
END: Final = 0.85
_LOOK: Final = 0.25
_LOOK_AROUND: Final = 5.0
_MEASURE: Final = 1.0


@dataclass
class Result:
    """What came of a run."""

    date: str
    seconds: int
    seed: str
    faults: dict[str, int] = field(default_factory=dict)
    values: int = 0
    good: int = 0
    good_and_old: int = 0
    of_another: int = 0
    late: int = 0
    slowest_return: float = 0.0
    memory_warm_mb: float = 0.0
    memory_end_mb: float = 0.0
    files_warm: int = 0
    files_end: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """How much more memory the server held at the end, as a part of that when it was warm."""
        return self.memory_end_mb / self.memory_warm_mb - 1 if self.memory_warm_mb else 0.0

    @property
    def is_passed(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Soak:
    """One run of ``seconds`` on ``bench``; ``seed`` repeats its choices."""

    def __init__(self, bench: Bench, *, seconds: float, seed: str) -> None:
        self._bench = bench
        self._seconds = seconds
        self._seed = seed
        self._judge = Judge()
        self._faults: Counter[str] = Counter()
        self._returns: list[float] = []
        self._end = 0.0
        self._over = threading.Event()
        self._memory: list[tuple[float, int, int]] = []

    def run(self, *, with_memory: bool = True) -> Result:
        """Run to the end and return what came of it; a short run has no memory to judge."""
        started = time.monotonic()
        for target in self._bench.targets:
            self._await_live(target, datetime.now(UTC), START_SECONDS)
        self._end = time.monotonic() + self._seconds
        workers = [lambda t=target: self._disturb(t) for target in self._bench.targets]
        watchers = [self._watch, self._look_around, self._measure]
        with ThreadPoolExecutor(len(workers) + len(watchers)) as threads:
            watching = [threads.submit(each) for each in watchers]
            disturbing = [threads.submit(each) for each in workers]
            try:
                for each in disturbing:
                    each.result()
            finally:
                self._over.set()
            for each in watching:
                each.result()
        return self._result(round(time.monotonic() - started), with_memory)

    def _disturb(self, target: Target) -> None:
        """Let one fault after the other happen to ``target``, and see that it comes back."""
        chance = random.Random(f"{self._seed} {target.name}")
        while time.monotonic() < self._end:
            time.sleep(chance.uniform(*CALM))
            kind = chance.choice(sorted(target.faults))
            begin, end = target.faults[kind]
            lasts = chance.uniform(*LASTS)
            self._faults[f"{kind} of {target.name}"] += 1
            begin()
            time.sleep(lasts)
            end()
            self._await_return(target, f"{kind} of {target.name} for {lasts:.1f} s")

    def _await_return(self, target: Target, what: str) -> None:
        since, began = datetime.now(UTC), time.monotonic()
        left = self._await_live(target, since, GIVEN_UP_SECONDS)
        took = time.monotonic() - began
        self._returns.append(took)
        if left:
            self._judge.blame(f"{since:%H:%M:%S} after {what} never back: {sorted(left)[:5]}")
        elif took > RETURN_SECONDS:
            self._judge.blame(f"{since:%H:%M:%S} after {what} back only after {took:.1f} s")

    def _await_live(self, target: Target, since: datetime, within: float) -> dict[str, Shown]:
        """Wait until every value of ``target`` is good and newer than ``since``; return those that
        are not.
        """
        client = AasClient(self._bench.server.client.address)
        deadline = time.monotonic() + within
        try:
            while True:
                left = {
                    path: each
                    for path, each in shown(client, target.submodel).items()
                    if each.quality != "good" or each.time is None or each.time <= since
                }
                if not left or time.monotonic() > deadline:
                    return left
                time.sleep(_LOOK)
        finally:
            client.close()

    def _watch(self) -> None:
        client = AasClient(self._bench.server.client.address)
        try:
            while not self._over.wait(_LOOK):
                for target in self._bench.targets:
                    now = datetime.now(UTC)
                    self._judge.look(target.name, shown(client, target.submodel), now)
        finally:
            client.close()

    def _look_around(self) -> None:
        """Read what operators read: it must be there whatever happens."""
        client = AasClient(self._bench.server.client.address)
        try:
            while not self._over.wait(_LOOK_AROUND):
                for target in self._bench.targets:
                    client.connection(target.name)
                assert client.http.get(f"{client.address}/metrics").status_code == 200
        finally:
            client.close()

    def _measure(self) -> None:
        process = psutil.Process(self._bench.server.process.pid)
        began = time.monotonic()
        while not self._over.wait(_MEASURE):
            held = process.memory_info().rss, process.num_fds()
            self._memory.append((time.monotonic() - began, *held))

    def _result(self, seconds: int, with_memory: bool) -> Result:
        judge = self._judge
        result = Result(
            f"{datetime.now(UTC):%Y-%m-%d}",
            seconds,
            self._seed,
            dict(sorted(self._faults.items())),
            judge.values,
            judge.good,
            judge.stale,
            judge.mistaken,
            sum(took > RETURN_SECONDS for took in self._returns),
            round(max(self._returns, default=0.0), 1),
        )
        log = self._bench.server.process.log()
        for sign in ("Traceback", "supervision ended"):
            if sign in log:
                judge.blame(f"the server's log has {sign!r}: {log[log.index(sign) :][:2000]}")
        if with_memory:
            self._weigh(result)
        result.findings = judge.findings
        return result

    def _weigh(self, result: Result) -> None:
        whole = self._memory[-1][0]
        warm = [each for each in self._memory if WARM[0] <= each[0] / whole <= WARM[1]]
        end = [each for each in self._memory if each[0] / whole >= END]
        result.memory_warm_mb = round(statistics.median(rss for _, rss, _ in warm) / 2**20, 1)
        result.memory_end_mb = round(statistics.median(rss for _, rss, _ in end) / 2**20, 1)
        result.files_warm = max(files for _, _, files in warm)
        result.files_end = max(files for _, _, files in end)
        if result.growth > MAX_GROWTH:
            self._judge.blame(
                f"memory grew from {result.memory_warm_mb} to {result.memory_end_mb} MB"
            )
        if result.files_end > result.files_warm + 10:
            self._judge.blame(f"open files: {result.files_warm}, then {result.files_end}")
