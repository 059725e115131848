"""A binding at run time: a row that is wanted, resolved against the model, and what hinders it."""

from __future__ import annotations

from collections.abc import Callable

from aas_server.bindings.conversion import Conversion
from aas_server.bindings.plant.base import BindingSettings
from aas_server.live.hub import LivePoint
from aas_server.live.sinks import Sink
from aas_server.live.targets import WriteTarget


class Binding:
    """One row and how it fares; ``origin`` names who wants it.

    ``sink``, ``conversion`` and ``point`` are None while the row cannot be planned; one that is
    only written has a ``target`` in place of the point. ``problem``
    says why the binding does not work now and what to do, ``problem_since`` (microseconds since the
    epoch) since when; both are None while it works. ``note`` says what it does without, though it
    works. ``semantics`` counts how often the source said that the meaning of its values changed:
    its range, its unit. ``errors`` counts what went wrong: values that were bad or could not be
    converted, refusals of the source.
    """

    __slots__ = (
        "_now",
        "conversion",
        "errors",
        "note",
        "origin",
        "point",
        "problem",
        "problem_since",
        "semantics",
        "settings",
        "sink",
        "target",
    )

    def __init__(
        self,
        settings: BindingSettings,
        *,
        now: Callable[[], int],
        origin: str = "plant file",
        sink: Sink | None = None,
        conversion: Conversion | None = None,
        point: LivePoint | None = None,
    ) -> None:
        self.settings = settings
        self.origin = origin
        self.sink = sink
        self.conversion = conversion
        self.point = point
        self.target: WriteTarget | None = None
        self.problem: str | None = None
        self.problem_since: int | None = None
        self.note: str | None = None
        self.semantics = 0
        self.errors = 0
        self._now = now

    @property
    def connection(self) -> str:
        """Return the name of the connection that the source is read through."""
        return self.settings.connection

    @property
    def source(self) -> str:
        """Return what is read, as the row names it."""
        return self.settings.source

    @property
    def sink_name(self) -> str:
        """Return where the value goes, as the row says it: ``submodel id/idShortPath``."""
        return self.settings.sink.name

    def set_problem(self, problem: str | None) -> bool:
        """Say what hinders the binding now, None when it works; returns whether that is news."""
        if problem == self.problem:
            return False
        if problem is None:
            self.problem_since = None
        elif self.problem is None:
            self.problem_since = self._now()
        self.problem = problem
        return True

    def __repr__(self) -> str:
        state = self.problem or "ok"
        return f"<Binding {self.connection} {self.source} -> {self.sink_name}: {state}>"
