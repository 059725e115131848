"""A binding at run time: one row of the plant file, resolved against the model, with what hinders
it.
"""

from __future__ import annotations

from collections.abc import Callable

from aas_server.bindings.conversion import Conversion
from aas_server.bindings.plant_file import BindingSettings
from aas_server.live.hub import LivePoint
from aas_server.live.sinks import Sink


class Binding:
    """One row of the plant file and how it fares.

    ``sink``, ``conversion`` and ``point`` are None while the row cannot be planned. ``problem``
    says why the binding does not work now and what to do, ``problem_since`` (microseconds since the
    epoch) since when; both are None while it works.
    """

    __slots__ = ("_now", "conversion", "point", "problem", "problem_since", "settings", "sink")

    def __init__(
        self,
        settings: BindingSettings,
        *,
        now: Callable[[], int],
        sink: Sink | None = None,
        conversion: Conversion | None = None,
        point: LivePoint | None = None,
    ) -> None:
        self.settings = settings
        self.sink = sink
        self.conversion = conversion
        self.point = point
        self.problem: str | None = None
        self.problem_since: int | None = None
        self._now = now

    @property
    def connection(self) -> str:
        """Return the name of the connection that the node is read through."""
        return self.settings.connection

    @property
    def node(self) -> str:
        """Return the node as the plant file names it."""
        return self.settings.node

    @property
    def sink_name(self) -> str:
        """Return where the value goes, as the plant file says it: ``submodel id/idShortPath``."""
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
        return f"<Binding {self.connection} {self.node} -> {self.sink_name}: {state}>"
