"""``aas-server template list|show|instantiate``: templates that are known, and their instances."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from rich.console import Console

from aas_server.clock import Clock
from aas_server.errors import BadRequest, Finding, NotFound
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.naming import DEFAULT_SCHEME, new_identifier
from aas_server.templates.instantiation.request import Instance, Mode, Request
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.reading import read_templates
from aas_server.templates.sources import own_templates, templates_in

_SHOWN: Final = 50


def known_templates(paths: Iterable[Path], err: Console) -> TemplateCatalog:
    """Return our own templates and those in ``paths``; ``err`` tells what could not be read."""
    found, findings = templates_in(paths)
    for finding in findings:
        if finding.code == "unreadable":
            err.print(f"{finding.path}: {finding.text}", style="yellow", markup=False)
    return TemplateCatalog([*own_templates(), *found])


def list_templates(catalog: TemplateCatalog, out: Console, *, as_json: bool) -> None:
    """Print every template: idShort, version, semanticId, source."""
    for template in sorted(catalog, key=lambda each: (each.id_short, each.version, each.id)):
        semantic_id = next(iter(template.ids), "")
        if as_json:
            view = {
                "id": template.id,
                "idShort": template.id_short,
                "version": template.version,
                "semanticId": semantic_id,
                "source": template.source,
            }
            out.file.write(json.dumps(view, ensure_ascii=False) + "\n")
        else:
            text = f"{template.id_short:40} {template.version:8} {semantic_id or template.id}"
            out.print(text, markup=False)


def show_template(template: Template, out: Console) -> None:
    """Print a template as a tree: idShort, type, cardinality, what is allowed."""
    out.print(f"{template.id_short} {template.version}", style="bold", markup=False)
    out.print(f"  id          {template.id}", markup=False)
    out.print(f"  semanticId  {', '.join(template.ids) or 'none'}", markup=False)
    for prototype in template.walk():
        out.print(_line(prototype), markup=False)


def _line(prototype: Prototype) -> str:
    depth = prototype.path.count(".") + prototype.path.count("[")
    rules = prototype.rules
    value_type = str(prototype.node.get("valueType", "")).removeprefix("xs:")
    shown = [prototype.model_type, value_type, str(prototype.cardinality)]
    if rules.allowed_values is not None:
        shown.append(f"one of {rules.allowed_values}")
    if rules.allowed_range is not None:
        shown.append(f"in {rules.allowed_range.text}")
    name = prototype.id_short or "[]"
    return f"{'  ' * (depth + 1)}{name}  {' '.join(filter(None, shown))}"


def template_named(name: str, catalog: TemplateCatalog) -> list[Template]:
    """Return the templates in the file ``name``, else the one with this id, semanticId or idShort.

    Raises ``BadRequest`` for a file that cannot be read, ``NotFound``.
    """
    if Path(name).is_file():
        templates, _ = read_templates(Path(name))
        for template in templates:
            catalog.add(template)
        return templates
    found = [each for each in catalog if name in (each.id, each.template_id, each.id_short)]
    found = found or catalog.about(name)
    if not found:
        raise NotFound(f"there is neither a file nor a known template {name!r}")
    return found[:1]


@dataclass(frozen=True, slots=True)
class InstanceOptions:
    """How ``aas-server template instantiate`` makes instances."""

    mode: Mode = Mode.MINIMAL
    values: Path | None = None
    identifier: str | None = None
    scheme: str = DEFAULT_SCHEME
    select: Sequence[str] = ()
    counts: Sequence[str] = ()
    choices: Sequence[str] = ()


def instantiate_template(
    templates: Sequence[Template],
    catalog: TemplateCatalog,
    options: InstanceOptions,
    clock: Clock,
) -> tuple[bytes, list[Instance]]:
    """Return an environment with an instance of each template, as JSON, and the instances.

    Raises ``BadRequest`` for options that cannot be read, and for an id for several instances.
    """
    if options.identifier is not None and len(templates) > 1:
        raise BadRequest(f"{len(templates)} instances cannot have one id", path="--id")
    values = {} if options.values is None else _read_values(options.values)
    counts = {name: _number(text) for name, text in _pairs(options.counts, "--count")}
    choices = dict(_pairs(options.choices, "--choose"))
    made = []
    for template in templates:
        identifier = options.identifier or new_identifier(options.scheme, template, clock.new_id())
        request = Request(
            identifier, options.mode, frozenset(options.select), counts, choices, values
        )
        made.append(Maker(template, catalog).make(request))
    return _environment(made), made


def tell(instances: Sequence[Instance], err: Console) -> bool:
    """Print what is unfilled and what did not fit; return whether everything fitted."""
    findings = [finding for each in instances for finding in each.findings]
    unfilled = [place.path for each in instances for place in each.unfilled]
    for finding in findings:
        _show(finding, err)
    if unfilled:
        more = f" and {len(unfilled) - _SHOWN} more" if len(unfilled) > _SHOWN else ""
        text = f"required and without a value: {', '.join(unfilled[:_SHOWN])}{more}"
        err.print(text, markup=False)
    return not any(finding.is_error for finding in findings)


def _show(finding: Finding, err: Console) -> None:
    kind, style = ("error", "red") if finding.is_error else ("note", "yellow")
    err.print(f"{kind:6}", style=style, end="", markup=False)
    err.print(f"{finding.path}: {finding.text} ({finding.code})", markup=False)


def _environment(instances: Sequence[Instance]) -> bytes:
    concepts = {
        concept["id"]: concept for each in instances for concept in each.concept_descriptions
    }
    environment: dict[str, Any] = {"submodels": [each.submodel for each in instances]}
    if concepts:
        environment["conceptDescriptions"] = list(concepts.values())
    return orjson.dumps(environment, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _read_values(file: Path) -> dict[str, Any]:
    try:
        values = msgspec.json.decode(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise BadRequest(f"cannot read it: {error.strerror}", path=str(file)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"is not JSON: {error}", path=str(file)) from error
    if not isinstance(values, dict):
        raise BadRequest("must be an object of names and values", path=str(file))
    return values


def _pairs(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        name, sign, value = text.rpartition("=")
        if not sign or not name:
            raise BadRequest(f"{text!r} is not NAME=VALUE", path=option)
        pairs.append((name, value))
    return pairs


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 5:
        raise BadRequest(f"{text!r} is no number of elements", path="--count")
    return int(text)
