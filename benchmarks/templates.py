"""Instances made and judged by templates: the largest published one, and one of 180 elements."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from aas_server.metamodel.tree import Node, walk
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Mode, Request
from aas_server.templates.prototype import Template
from aas_server.templates.sources import own_templates, templates_in
from aas_server.templates.validation.whole import Validator
from benchmarks.measure import ROOT, Row

ROUNDS = 100
PUBLISHED = ROOT.parent / "shared" / "templates" / "Purchase_Order"
"""The largest template there is; without the published files the largest of ours."""
JUDGED = "QualityControlForMachining"
"""A full instance of it has 183 elements."""
MAKING, JUDGING = 50.0, 5.0
"""Milliseconds at most."""


async def run() -> list[Row]:
    published = templates_in([PUBLISHED])[0] if PUBLISHED.is_dir() else []
    catalog = TemplateCatalog([*own_templates(), *published])
    return [_made(catalog), *_judged(catalog)]


def _made(catalog: TemplateCatalog) -> Row:
    largest = max(catalog, key=_size)
    maker = Maker(largest, catalog)
    instance = maker.make(_full())
    name = f"full instance of {largest.id_short}, {_size(largest)} prototypes"
    first = _milliseconds(lambda: Maker(largest, catalog).make(_full()))
    again = _milliseconds(lambda: maker.make(_full()))
    measured = f"{again:.1f} ms, {_elements(instance.submodel)} elements  (first: {first:.1f} ms)"
    return Row(name, measured, f"< {MAKING:g} ms", max(first, again) < MAKING)


def _judged(catalog: TemplateCatalog) -> list[Row]:
    template = next(each for each in catalog if each.id_short == JUDGED)
    instance = Maker(template, catalog).make(_full()).submodel
    validator = Validator(catalog)
    if validator.by_template(instance).match is None:
        raise RuntimeError("nothing was judged")
    name = f"an instance of {_elements(instance)} elements validated by its template"
    by_template = _milliseconds(lambda: validator.by_template(instance))
    in_all = _milliseconds(lambda: validator.submodel(instance))
    return [
        Row(name, f"{by_template:.2f} ms", f"< {JUDGING:g} ms", by_template < JUDGING),
        Row("the same, with structure and aas-core verification", f"{in_all:.2f} ms"),
    ]


def _full() -> Request:
    return Request("urn:bench:instance", mode=Mode.FULL)


def _size(template: Template) -> int:
    return sum(1 for _ in template.walk())


def _elements(submodel: Node) -> int:
    return sum(1 for _ in walk(submodel))


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the median over the rounds."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1_000
