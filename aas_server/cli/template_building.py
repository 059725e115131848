"""``aas-server template build|new``: templates from short YAML or pydantic models."""

from __future__ import annotations

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from rich.console import Console

from aas_server.errors import ConfigurationError
from aas_server.metamodel.tree import Node, walk
from aas_server.templates.authoring.compiling import to_text
from aas_server.templates.authoring.loading import compile_file
from aas_server.templates.authoring.models import compile_model

_MODEL: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,126}", re.ASCII)
_STARTER: Final = """\
# A submodel template. Compile it:  aas-server template build {file} -o {name}.json
template: {name}
id: https://example.com/smt/{name}/1/0          # semanticId: instances are known by it
version: "1.0"
name: {{en: {words}, de: {words}}}
text:
  en: What the submodel is for, in one sentence.
  de: Wofür das Teilmodell da ist, in einem Satz.
# Elements without an id of their own get one by this scheme, and a concept description.
concepts: https://example.com/smt/{name}/{{path}}/1/0

elements:
  # Name: type and cardinality (1, ?, *, +); then unit, id, range, values, name, text, example.
  Speed:
    type: double
    card: "?"
    unit: 1/min
    range: "[0,3000]"
    name: {{en: Speed, de: Drehzahl}}
    text: {{en: Speed of the shaft., de: Drehzahl der Welle.}}
    example: 1450
  State:
    type: string
    values: [Stopped, Running]
    initial: Stopped
    name: {{en: State, de: Zustand}}
    text: {{en: What it is doing., de: Was sie gerade tut.}}
  # A list; its items are a collection, a reference, or a value.
  Inspections:
    card: "?"
    name: {{en: Inspections, de: Prüfungen}}
    text: {{en: Inspections so far., de: Bisherige Prüfungen.}}
    list:
      concept: Inspection
      name: {{en: Inspection, de: Prüfung}}
      text: {{en: One inspection., de: Eine Prüfung.}}
      collection:
        Day:
          type: date
          name: {{en: Day, de: Tag}}
          text: {{en: When it took place., de: Wann sie stattfand.}}
        Remark:
          type: texts
          card: "?"
          name: {{en: Remark, de: Bemerkung}}
          text: {{en: What was noticed., de: Was auffiel.}}
"""


def build_file(source: Path, target: Path | None, out: Console) -> None:
    """Compile ``source``, YAML or ``package.module:Model``, to ``target`` or to ``out``.

    Raises ``ConfigurationError`` that tells every problem with its ``file:line`` or field.
    """
    is_model = not source.exists() and _MODEL.fullmatch(str(source)) is not None
    environment = compile_model(_model(str(source))) if is_model else compile_file(source)
    text = to_text(environment)
    if target is None:
        out.file.write(text)
        return
    _write(target, text)
    out.print(f"{target}: {_told(environment)}", markup=False, soft_wrap=True)


def new_file(name: str, target: Path) -> None:
    """Write a commented source to begin with; raises ``ConfigurationError``, also if it exists."""
    if _NAME.fullmatch(name) is None:
        raise ConfigurationError(f"{name!r} is no idShort: a letter, then letters and digits")
    if target.exists():
        raise ConfigurationError("is there already; it is not overwritten", path=str(target))
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()
    _write(target, _STARTER.format(name=name, words=words, file=target.name))


def _told(environment: Node) -> str:
    (submodel,) = environment["submodels"]
    elements = sum(1 for _ in walk(submodel))
    concepts = len(environment.get("conceptDescriptions", ()))
    return f"{submodel['idShort']}, {elements} elements, {concepts} concept descriptions"


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written: {error.strerror}", path=str(target)
        ) from error


def _model(name: str) -> type[BaseModel]:
    """Return the pydantic model that ``package.module:Model`` names, also beside the caller."""
    module_name, _, class_name = name.partition(":")
    here = os.getcwd()  # noqa: PTH109  a text for sys.path
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigurationError(f"cannot be imported: {error}", path=module_name) from error
    found: Any = getattr(module, class_name, None)
    if not isinstance(found, type) or not issubclass(found, BaseModel):
        raise ConfigurationError(f"has no pydantic model {class_name!r}", path=module_name)
    return found
