"""``aas-server template``: the options and words of its commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from aas_server.cli.running import err, out, report_errors
from aas_server.clock import SystemClock
from aas_server.settings import Settings, load_settings
from aas_server.templates.instantiation.request import Mode

app: Final = typer.Typer(
    help="Submodel templates: find, make, check and use them.", no_args_is_help=True
)

Folders = Annotated[
    list[Path] | None,
    typer.Option("--templates", help="File or folder with templates; may be given several times."),
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Config = Annotated[Path | None, typer.Option(help="TOML file with settings.")]
Named = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="File, or id, semanticId or idShort.")
]


@app.command("list")
def list_(as_json: Json = False, templates: Folders = None, config: Config = None) -> None:
    """List the templates that are known: the server's own and those in folders."""
    from aas_server.cli.template_making import known_templates, list_templates

    with report_errors():
        list_templates(
            known_templates(_settings(templates, config).templates, err), out, as_json=as_json
        )


@app.command()
def show(template: Named, templates: Folders = None, config: Config = None) -> None:
    """Show a template as a tree."""
    from aas_server.cli.template_making import known_templates, show_template, template_named

    with report_errors():
        catalog = known_templates(_settings(templates, config).templates, err)
        for each in template_named(template, catalog):
            show_template(each, out)


@app.command()
def instantiate(
    template: Named,
    mode: Annotated[
        Mode, typer.Option(help="What is there unasked: what is required, or everything once.")
    ] = Mode.MINIMAL,
    output: Output = None,
    values: Annotated[
        Path | None, typer.Option(help="JSON file with values by idShort or semantic id.")
    ] = None,
    identifier: Annotated[str | None, typer.Option("--id", help="Id of the instance.")] = None,
    select: Annotated[
        list[str] | None, typer.Option(help="Path in the template that is to be there.")
    ] = None,
    count: Annotated[
        list[str] | None, typer.Option(metavar="PATH=N", help="How often it is to be there.")
    ] = None,
    choose: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=IDSHORT", help="Member of an either-or.")
    ] = None,
    templates: Folders = None,
    config: Config = None,
) -> None:
    """Make an instance, with the concept descriptions that it uses, as a JSON environment.

    What is required and has no value is listed. Exits with 1 when a value or path does not fit.
    """
    from aas_server.cli.template_making import (
        InstanceOptions,
        instantiate_template,
        known_templates,
        tell,
        template_named,
    )

    with report_errors():
        settings = _settings(templates, config)
        options = InstanceOptions(
            mode, values, identifier, settings.instance_ids, select or (), count or (), choose or ()
        )
        catalog = known_templates(settings.templates, err)
        chosen = template_named(template, catalog)
        body, instances = instantiate_template(chosen, catalog, options, SystemClock())
        _write(body, output)
    if not tell(instances, err):
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="idShort of the template.")], output: Output = None
) -> None:
    """Write a commented source of a template to begin with, NAME.yaml."""
    from aas_server.cli.template_building import new_file

    target = output or Path(f"{name}.yaml")
    with report_errors():
        new_file(name, target)
    out.print(f"{target}: edit it, then: aas-server template build {target}", markup=False)


@app.command()
def build(
    source: Annotated[
        Path, typer.Argument(help="YAML file, or pydantic model as package.module:Model.")
    ],
    output: Output = None,
) -> None:
    """Compile a short YAML file or a pydantic model to the JSON of a template."""
    from aas_server.cli.template_building import build_file

    with report_errors():
        build_file(source, output, out)


Existing = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
Which = Annotated[
    str, typer.Option("--which", metavar="ID", help="Template that is meant, of several in a file.")
]
Language = Annotated[str, typer.Option(help="Language of the texts.")]


@app.command()
def lint(
    file: Existing, as_json: Json = False, templates: Folders = None, config: Config = None
) -> None:
    """Tell authors what is wrong with a template; exits with 1 for errors."""
    from aas_server.cli.template_making import known_templates
    from aas_server.cli.template_reports import lint_file

    with report_errors():
        catalog = known_templates(_settings(templates, config).templates, err)
        _end(lint_file(file, json=as_json, out=out, catalog=catalog))


@app.command()
def diff(old: Existing, new: Existing, as_json: Json = False, which: Which = "") -> None:
    """Tell what changes for instances between two versions; exits with 1 for breaking changes."""
    from aas_server.cli.template_reports import diff_files

    with report_errors():
        _end(diff_files(old, new, json=as_json, out=out, template_id=which))


@app.command()
def schema(
    file: Existing,
    language: Language = "en",
    which: Which = "",
    templates: Folders = None,
    config: Config = None,
) -> None:
    """Print the JSON Schema of the values of instances (ValueOnly)."""
    from aas_server.cli.template_making import known_templates
    from aas_server.cli.template_reports import schema_of

    with report_errors():
        catalog = known_templates(_settings(templates, config).templates, err)
        _end(schema_of(file, out, catalog=catalog, language=language, template_id=which))


@app.command()
def docs(
    file: Existing,
    html: Annotated[bool, typer.Option("--html", help="As a page of HTML, not Markdown.")] = False,
    language: Language = "en",
    which: Which = "",
) -> None:
    """Print a page about a template: a tree with types, units, rules and examples."""
    from aas_server.cli.template_reports import docs_of

    with report_errors():
        _end(docs_of(file, html=html, language=language, out=out, template_id=which))


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    template: Annotated[
        str | None, typer.Option(help="Template by file, id, semanticId or idShort.")
    ] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Judge as an import does, not as for publishing.")
    ] = False,
    as_json: Json = False,
    templates: Folders = None,
    config: Config = None,
) -> None:
    """Judge the submodels in a package or environment by their templates.

    Exits with 0 when nothing is wrong, 1 for errors, 2 when no template was found for any.
    """
    from aas_server.cli.template_making import known_templates, template_named
    from aas_server.cli.template_validating import validate_file
    from aas_server.templates.validation.report import Mode as Strictness

    with report_errors():
        catalog = known_templates(_settings(templates, config).templates, err)
        chosen = None if template is None else template_named(template, catalog)[0]
        mode = Strictness.LENIENT if lenient else Strictness.STRICT
        _end(validate_file(file, chosen, catalog, out, mode=mode, as_json=as_json))


def _end(code: int) -> None:
    if code:
        raise typer.Exit(code)


def _settings(templates: list[Path] | None, config: Path | None) -> Settings:
    return load_settings({"templates": tuple(templates or ())}, config=config)


def _write(body: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(body.decode())
    else:
        output.write_bytes(body)
