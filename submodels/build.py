"""Writes the templates and their examples: ``python -m submodels.build``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aas_server.metamodel.references import semantic_keys
from aas_server.metamodel.tree import walk
from aas_server.templates.authoring.compiling import to_text
from aas_server.templates.authoring.loading import compile_file, load_source
from aas_server.templates.authoring.resolving import resolved
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.reading import template_of
from aas_server.yaml_files.reading import YamlFile
from submodels.documents import Json, lang_strings, reference_to
from submodels.instances import FOLDER, instance_of
from submodels.outline import BEGIN, with_outline
from submodels.signals import NAMED_SIGNALS, concepts_of
from submodels.values import Text

SOURCE: Final = "template.yaml"


def sources() -> list[Path]:
    """Return the sources of all templates."""
    return sorted(FOLDER.rglob(SOURCE))


def files() -> dict[str, str]:
    """Return the content of every generated file by its path in this folder.

    Of a README only the outline is generated; the rest is as it stands in the folder.
    """
    texts: dict[str, str] = {}
    for source in sources():
        folder = source.parent
        environment = compile_file(source)
        texts[_path(folder / "template.json")] = to_text(environment)
        example = folder / "example.yaml"
        if example.exists():
            texts[_path(folder / "example.json")] = to_text(_example(environment, example))
        readme = (folder / "README.md").read_text(encoding="utf-8")
        if BEGIN in readme:
            elements = resolved(load_source(source)[0])
            texts[_path(folder / "README.md")] = with_outline(readme, elements)
    return texts


def own_concepts() -> list[Json]:
    """Return the concept descriptions of all templates and of the signals known by name."""
    of_templates = [
        concept
        for source in sources()
        for concept in compile_file(source).get("conceptDescriptions", ())
    ]
    return [*of_templates, *(signal.description for signal in NAMED_SIGNALS.values())]


def used_concepts(known: list[Json], submodels: list[Json]) -> list[Json]:
    """Return those of ``known`` that ``submodels`` refer to."""
    used = {key for submodel in submodels for key in _ids(submodel)}
    return [concept for concept in known if concept["id"] in used]


def _example(environment: Json, file: Path) -> Json:
    """Return the filled instance that ``file`` describes, with the concepts that it uses."""
    content = YamlFile.read(file).content
    signals = content.get("signals", {})
    concepts = concepts_of(signals)
    names = {name: signal.concept_ids for name, signal in NAMED_SIGNALS.items()}
    names |= {concept["idShort"]: (concept["id"],) for concept in concepts}
    labels = {name: signal.label.by_language() for name, signal in NAMED_SIGNALS.items()}
    labels |= {name: signal["name"] for name, signal in signals.items()}
    values = content["values"]
    for name, signal in values.get("Signals", {}).items():
        values["Signals"][name] = _signal(signal, names, labels)
    template = template_of(environment["submodels"][0], {}, source=str(file))
    description = Text(**content["description"])
    submodel = instance_of(Maker(template), content["id"], description, values)
    known = [
        *environment["conceptDescriptions"],
        *(signal.description for signal in NAMED_SIGNALS.values()),
        *concepts,
    ]
    return {"submodels": [submodel], "conceptDescriptions": used_concepts(known, [submodel])}


def _signal(signal: Json, names: Json, labels: Json) -> Json:
    """Return a signal for the engine: by its key ``signal`` it has concept and name."""
    name = signal["signal"]
    return {
        "supplementalSemanticIds": [
            reference_to(("GlobalReference", each)) for each in names[name]
        ],
        "displayName": lang_strings(labels[name]),
        "value": {key: value for key, value in signal.items() if key != "signal"},
    }


def _ids(submodel: Json) -> Iterator[str]:
    for node in (submodel, *(element for _, element in walk(submodel))):
        for keys in semantic_keys(node):
            yield from keys
        item: Any = node.get("semanticIdListElement")
        if item is not None:
            yield item["keys"][0]["value"]


def _path(file: Path) -> str:
    return file.relative_to(FOLDER).as_posix()


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        (FOLDER / path).write_text(text, encoding="utf-8")
        print(f"{path}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
