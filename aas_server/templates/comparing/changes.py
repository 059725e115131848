"""Changes of a template, and which step of its version they take."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from aas_server.templates.prototype import Template


class ChangeKind(enum.Enum):
    """What changed."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    TYPE = "type"
    VALUE_TYPE = "value-type"
    LIST_TYPE = "list-type"
    CARDINALITY = "cardinality"
    EITHER_OR = "either-or"
    ALLOWED_VALUES = "allowed-values"
    ALLOWED_RANGE = "allowed-range"
    ALLOWED_ID_SHORT = "allowed-id-short"
    LANGUAGES = "languages"
    SEMANTIC_ID = "semantic-id"
    SEMANTIC_VERSION = "semantic-version"
    SUPPLEMENTAL_IDS = "supplemental-ids"
    UNIT = "unit"
    INITIAL_VALUE = "initial-value"
    ACCESS_MODE = "access-mode"
    MEMBER = "member"
    """Another member of the element: contentType, entityType, orderRelevant."""
    CONCEPT = "concept"
    EXAMPLE = "example"
    QUALIFIER = "qualifier"
    TEXT = "text"


class Step(enum.IntEnum):
    """Steps of a version, the larger the more they mean."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One change; ``path`` is where it is in the new version, of what was removed in the old one.

    ``before`` and ``after`` are for people, ``""`` for nothing.
    """

    kind: ChangeKind
    path: str
    text: str
    step: Step
    before: str = ""
    after: str = ""

    @property
    def breaking(self) -> bool:
        """Whether what was an instance, or who reads it, may be wrong now."""
        return self.step is Step.MAJOR


def needed_step(changes: Iterable[Change]) -> Step:
    """Return the step of the version that the changes take."""
    return max((change.step for change in changes), default=Step.NONE)


def declared_step(old: Template, new: Template) -> Step:
    """Return the step that the administrations of the two declare; where both give the same
    version, which has no third number, or none, it may be one of the smallest.
    """
    for name, step in (("version", Step.MAJOR), ("revision", Step.MINOR)):
        if old.administration.get(name) != new.administration.get(name):
            return step
    return Step.PATCH
