"""Instances of templates, made by the template engine and made terse."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Request
from aas_server.templates.reading import read_templates
from submodels.documents import Json, lang_strings, make_terse
from submodels.values import Text, Value, plain

FOLDER: Final = Path(__file__).resolve().parent


class DoesNotFit(ValueError):
    """Values that a template cannot take; the text begins with the place."""


@cache
def maker(name: str) -> Maker:
    """Return what makes instances of the template in the folder ``name``."""
    (template,), _ = read_templates(FOLDER / name / "template.json")
    return Maker(template)


def instance(name: str, identifier: str, description: Text, values: Mapping[str, Value]) -> Json:
    """Return the submodel ``identifier`` with ``values``; raises ``DoesNotFit``."""
    return instance_of(maker(name), identifier, description, plain(values))


def instance_of(maker: Maker, identifier: str, description: Text, values: Any) -> Json:
    """Return the submodel ``identifier`` with a document of values; raises ``DoesNotFit``."""
    made = maker.make(Request(identifier, values=values))
    if made.findings:
        first = made.findings[0]
        raise DoesNotFit(f"{identifier} {first.path}: {first.text}")
    submodel = made.submodel
    make_terse(submodel)
    return submodel | {"description": lang_strings(description.by_language())}
