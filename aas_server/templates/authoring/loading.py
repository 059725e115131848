"""Sources of templates in files: read, or refused with the line and what to write instead."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from aas_server.metamodel.tree import Node
from aas_server.templates.authoring.compiling import compiled
from aas_server.templates.authoring.resolving import SourceProblems
from aas_server.templates.authoring.source import TemplateSource
from aas_server.yaml_files.problems import joined, problems_of
from aas_server.yaml_files.reading import YamlFile


def load_source(path: Path) -> tuple[TemplateSource, YamlFile]:
    """Return the source in a YAML file, and the file, which knows its lines.

    Raises one ``ConfigurationError`` that tells every problem with its ``file:line``.
    """
    file = YamlFile.read(path)
    problems = list(file.problems)
    try:
        source = TemplateSource.model_validate(file.content)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        problems += [file.problem(*each) for each in problems_of(errors, TemplateSource)]
        raise joined(problems) from None
    if problems:
        raise joined(problems)
    return source, file


def compile_file(path: Path) -> Node:
    """Return the environment that the YAML file at ``path`` says.

    Raises ``ConfigurationError`` as ``load_source`` does, also for what does not fit together.
    """
    source, file = load_source(path)
    try:
        return compiled(source)
    except SourceProblems as found:
        raise joined([file.problem(*each) for each in found.problems]) from None
