"""Submodel templates: found, read, made into instances, judged by: in the manner of Part 2."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.paging import page_of, page_of_views
from aas_server.api.responses import Response, view_response
from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node
from aas_server.metamodel.views import metadata
from aas_server.packages.environments import contents_of
from aas_server.packages.report_view import finding_view
from aas_server.templates.instantiation.naming import new_identifier
from aas_server.templates.instantiation.request import Instance, Mode, Request
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import canonical
from aas_server.templates.validation.rendering import view
from aas_server.templates.validation.report import Mode as Strictness
from aas_server.templates.validation.whole import Validator
from aas_server.templates.value_schema.schema import value_schema

_MEMBERS: Final = ("id", "mode", "select", "counts", "choices", "values")
_MAX_COUNT: Final = 1000
_MAX_ID: Final = 2048


async def list_templates(call: Call) -> Response:
    """Answer with a page of templates, without their elements."""
    templates = sorted(await call.services.templates.catalog(), key=_id)
    wanted = [each for each in templates if _is_wanted(each, call)]
    chosen, cursor = page_of(wanted, _id, limit=call.limit(), cursor=call.query.cursor())
    return page_of_views([metadata(each.node) for each in chosen], cursor)


async def get_template(call: Call) -> Response:
    """Answer with one template as a submodel."""
    return view_response((await _template(call)).node)


async def instantiate(call: Call) -> Response:
    """Answer with an instance, its concept descriptions, what is unfilled and what did not fit."""
    template = await _template(call)
    body = await read_json(call)
    new_id = call.services.clock.new_id()
    request = _request(
        body, default_id=new_identifier(call.settings.instance_ids, template, new_id)
    )
    instance = await call.services.templates.instantiate(template, request)
    return view_response(_view(instance))


async def get_schema(call: Call) -> Response:
    """Answer with the JSON Schema of the values of instances (ValueOnly)."""
    catalog = await call.services.templates.catalog()
    schema = await asyncio.to_thread(value_schema, await _template(call), catalog)
    return view_response(schema)


async def validate(call: Call) -> Response:
    """Answer with what is said of the submodel or environment in the body, each submodel judged by
    the template of the path, else by the one that it names.
    """
    has_template = "templateIdentifier" in call.values
    template = await _template(call) if has_template else None
    mode = call.query.choice("mode", Strictness.STRICT)
    body = await read_json(call)
    is_submodel = isinstance(body, dict) and body.get("modelType") == "Submodel"
    contents = contents_of({"submodels": [body]} if is_submodel else body, "body")
    validator = Validator(await call.services.templates.catalog(), mode=mode)
    verdicts = await asyncio.to_thread(validator.contents, contents, template=template)
    return view_response(view(verdicts))


async def validate_stored(call: Call) -> Response:
    """Answer with what is said of a submodel of the repository."""
    document = await call.repository.submodels.get(call.identifier("submodelIdentifier"))
    mode = call.query.choice("mode", Strictness.STRICT)
    validator = Validator(await call.services.templates.catalog(), mode=mode)
    verdict = await asyncio.to_thread(validator.submodel, document.exchanged_tree())
    return view_response(view([verdict]))


async def _template(call: Call) -> Template:
    catalog = await call.services.templates.catalog()
    return catalog.get(call.identifier("templateIdentifier"))


def _is_wanted(template: Template, call: Call) -> bool:
    id_short = call.query.one("idShort")
    if id_short is not None and template.id_short != id_short:
        return False
    semantic_id = call.query.reference("semanticId")
    if semantic_id is None:
        return True
    return canonical("/".join(semantic_id)) in template.ids | template.supplemental


def _id(template: Template) -> str:
    return template.id


def _request(body: Any, *, default_id: str) -> Request:
    if not isinstance(body, dict) or not body.keys() <= set(_MEMBERS):
        raise BadRequest(f"expected an object with {', '.join(_MEMBERS)}", path="body")
    identifier = body.get("id", default_id)
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _MAX_ID:
        raise BadRequest(f"must be a text of 1 to {_MAX_ID} characters", path="id")
    try:
        mode = Mode(body.get("mode", Mode.MINIMAL))
    except ValueError as error:
        raise BadRequest("is neither minimal nor full", path="mode") from error
    select = body.get("select", [])
    if not isinstance(select, list) or not all(isinstance(each, str) for each in select):
        raise BadRequest("must be an array of paths", path="select")
    counts = _mapping(body, "counts")
    if not all(type(each) is int and 0 <= each <= _MAX_COUNT for each in counts.values()):
        raise BadRequest(f"must hold numbers from 0 to {_MAX_COUNT}", path="counts")
    choices = _mapping(body, "choices")
    if not all(isinstance(each, str) for each in choices.values()):
        raise BadRequest("must hold idShorts", path="choices")
    values = _mapping(body, "values")
    return Request(identifier, mode, frozenset(select), counts, choices, values)


def _mapping(body: Node, name: str) -> Mapping[str, Any]:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise BadRequest("must be an object", path=name)
    return found


def _view(instance: Instance) -> Node:
    return {
        "environment": instance.environment(),
        "unfilled": [
            {"path": each.path, "templatePath": each.template_path} for each in instance.unfilled
        ],
        "findings": [finding_view(each) for each in instance.findings],
    }
