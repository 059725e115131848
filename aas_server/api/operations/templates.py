"""Submodel templates: an extension, in the manner of Part 2."""

from __future__ import annotations

from collections.abc import Iterator

from aas_server.api.operations.operation import Body, Operation
from aas_server.api.operations.parts import PAGE, READ, ok


def template_operations() -> Iterator[Operation]:
    """Yield the operations on templates."""
    many, one = "/templates", "/templates/{templateIdentifier}"
    for id_, method, path, summary, function, result, body, query in (
        (
            "GetAllTemplates",
            "GET",
            many,
            "Page of the templates, without their elements",
            "list_templates",
            "GetSubmodelsMetadataResult",
            None,
            ("semanticId", "idShort", *PAGE),
        ),
        ("GetTemplateById", "GET", one, "One template", "get_template", "Submodel", None, ()),
        (
            "InstantiateTemplate",
            "POST",
            f"{one}/instantiate",
            "An instance of a template, which is not stored",
            "instantiate",
            "InstantiationResult",
            Body("InstantiationRequest"),
            (),
        ),
    ):
        yield Operation(
            id=id_,
            method=method,
            path=path,
            summary=summary,
            profiles=(),
            semantic_names=(),
            rights=READ,
            handler=f"templates.{function}",
            answers=ok(result),
            body=body,
            query=query,
            paged=path == many,
        )
