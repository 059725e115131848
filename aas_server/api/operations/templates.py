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
        (
            "GetTemplateSchema",
            "GET",
            f"{one}/schema",
            "JSON Schema of the values of instances",
            "get_schema",
            "JsonSchema",
            None,
            (),
        ),
        (
            "ValidateByTemplate",
            "POST",
            f"{one}/validate",
            "What is said of a submodel or environment by this template",
            "validate",
            "ValidationResult",
            Body("ValidationRequest"),
            ("mode",),
        ),
        (
            "ValidateByTemplates",
            "POST",
            f"{many}/validate",
            "What is said of a submodel or environment by the templates that it names",
            "validate",
            "ValidationResult",
            Body("ValidationRequest"),
            ("mode",),
        ),
        (
            "ValidateSubmodelById",
            "GET",
            "/submodels/{submodelIdentifier}/$validation",
            "What is said of a stored submodel by its template",
            "validate_stored",
            "ValidationResult",
            None,
            ("mode",),
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
