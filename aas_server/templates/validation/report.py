"""What a validation says: of each place what was expected, what was found, and how to mend it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from aas_server.errors import Finding
from aas_server.templates.catalog import Match


class Level(enum.StrEnum):
    """How bad it is: wrong, doubtful, worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Mode(enum.StrEnum):
    """How strict a validation is: before publishing, or when a supplier's package comes in."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as the template has it.

    ``path`` is the idShortPath of the element, or of the container that lacks it, ``""`` for the
    submodel; ``template_path`` that of the prototype.
    """

    code: str
    level: Level
    path: str
    text: str
    expected: str = ""
    found: str = ""
    template_path: str = ""
    remedy: str = ""


@dataclass(slots=True)
class Verdict:
    """What is said of one submodel; without ``match`` no template was found, so nothing is judged.

    ``metamodel`` has what aas-core finds, apart from what the template demands.
    """

    submodel: str
    match: Match | None
    violations: list[Violation] = field(default_factory=list)
    metamodel: list[Finding] = field(default_factory=list)

    @property
    def is_judged(self) -> bool:
        """Return whether there was a template to judge by."""
        return self.match is not None

    def count(self, level: Level) -> int:
        """Return how many violations there are of a level."""
        return sum(1 for each in self.violations if each.level is level)
