"""Writes the templates and their examples: ``python -m submodels.build``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from submodels.authoring.concepts import concept_descriptions, own_concepts, used_concepts
from submodels.authoring.declaration import Concept, Template
from submodels.authoring.documents import Json, to_text
from submodels.authoring.instance import instance
from submodels.authoring.outline import with_outline
from submodels.authoring.template import template_environment
from submodels.authoring.values import Value
from submodels.definitions import examples, maintenance, operational_data, quality
from submodels.definitions.named_signals import NAMED_SIGNALS

FOLDER: Final = Path(__file__).resolve().parent

TEMPLATES: Final = (operational_data.TEMPLATE, maintenance.TEMPLATE, quality.TEMPLATE)
"""Our templates."""

_EXAMPLES: Final[tuple[tuple[Template, str, Mapping[str, Value]], ...]] = (
    (operational_data.TEMPLATE, examples.OPERATIONAL_DATA_ID, examples.OPERATIONAL_DATA),
    (maintenance.TEMPLATE, examples.MAINTENANCE_ID, examples.MAINTENANCE),
    (quality.TEMPLATE, examples.QUALITY_ID, examples.QUALITY),
)


def concepts() -> tuple[Concept, ...]:
    """Return all concepts of ours: those of the templates and those of the named signals."""
    of_templates = [concept for template in TEMPLATES for concept in own_concepts(template)]
    return (*of_templates, *(signal.concept for signal in NAMED_SIGNALS))


def files() -> dict[str, str]:
    """Return the content of every generated file by its path in this folder.

    Of a README only the outline is generated; the rest is as it stands in the folder.
    """
    written = {
        f"{template.id_short}/template.json": template_environment(template)
        for template in TEMPLATES
    }
    written |= {
        f"{template.id_short}/example.json": _example(template, identifier, values)
        for template, identifier, values in _EXAMPLES
    }
    texts = {path: to_text(document) for path, document in written.items()}
    return texts | dict(_readme(template) for template in TEMPLATES)


def _readme(template: Template) -> tuple[str, str]:
    path = f"{template.id_short}/README.md"
    return path, with_outline((FOLDER / path).read_text(encoding="utf-8"), template)


def _example(template: Template, identifier: str, values: Mapping[str, Value]) -> Json:
    submodel = instance(template, identifier, examples.DESCRIPTION, values)
    known = (*concepts(), examples.STROKES, examples.GUARD_CLOSED)
    return {
        "submodels": [submodel],
        "conceptDescriptions": concept_descriptions(used_concepts(known, [submodel])),
    }


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        (FOLDER / path).write_text(text, encoding="utf-8")
        print(f"{path}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
