"""Submodels judged by their templates when they are written."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

import structlog

from aas_server.errors import Finding
from aas_server.metamodel.tree import Node
from aas_server.repository.guard import Judgement
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.service import TemplateService
from aas_server.templates.validation.report import Level, Mode, Verdict, Violation
from aas_server.templates.validation.whole import Validator

log = structlog.get_logger(__name__)

_LOGGED: Final = 10


class Guarding(enum.StrEnum):
    """What becomes of a submodel that is not as its template has it."""

    REPORT = "report"
    LENIENT = "lenient"
    STRICT = "strict"


class TemplateGuard:
    """Judges what is written by the templates that are known at that time.

    ``report`` takes everything and logs what is wrong, ``lenient`` refuses what an import would
    call an error, ``strict`` what publishing would. Templates, and submodels without a known one,
    are taken.
    """

    def __init__(self, service: TemplateService, guarding: Guarding) -> None:
        self._service = service
        self._guarding = guarding
        self._mode = Mode.STRICT if guarding is Guarding.STRICT else Mode.LENIENT
        self._validator: Validator | None = None
        self._catalog: TemplateCatalog | None = None

    async def judgement(self) -> Judgement:
        """Return how submodels are judged now."""
        catalog = await self._service.catalog()
        if self._validator is None or catalog is not self._catalog:
            self._validator = Validator(catalog, mode=self._mode)
            self._catalog = catalog
        validator = self._validator

        def judge(submodel: Node) -> list[Finding]:
            if submodel.get("kind") == "Template":
                return []
            verdict = validator.by_template(submodel)
            if self._guarding is Guarding.REPORT:
                _report(verdict)
                return []
            return [_finding(verdict.submodel, each) for each in _errors(verdict)]

        return judge


def _errors(verdict: Verdict) -> Iterator[Violation]:
    return (each for each in verdict.violations if each.level is Level.ERROR)


def _report(verdict: Verdict) -> None:
    wrong = list(_errors(verdict))
    if wrong:
        log.warning(
            "submodel is not as its template has it",
            id=verdict.submodel,
            count=len(wrong),
            violations=[f"{each.path}: {each.text}" for each in wrong[:_LOGGED]],
        )


def _finding(submodel: str, violation: Violation) -> Finding:
    text = f"{violation.text}, says the template of {submodel}"
    if violation.expected:
        text += f" (expected {violation.expected}, found {violation.found or 'nothing'})"
    if violation.remedy:
        text += f"; {violation.remedy}"
    return Finding(f"template:{violation.code}", violation.path, text, hint=violation.remedy)
