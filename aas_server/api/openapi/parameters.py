"""The parameters of paths, queries and headers."""

from __future__ import annotations

import json
from typing import Any, Final

from aas_server.api.openapi.examples import (
    CONCEPT_ID,
    ELEMENT_PATH,
    SEMANTIC_ID,
    SHELL_ID,
    SUBMODEL_ID,
    TEMPLATE_ID,
)
from aas_server.api.openapi.notation import Schema, one_of, text, typed
from aas_server.metamodel.identifiers import encode_identifier

_BASE64URL: Final = "^[A-Za-z0-9_-]+={0,2}$"


def _encoded(description: str, example: Any, *, longest: int | None = None) -> Schema:
    return {
        "description": f"{description}, as base64url without padding",
        "schema": text(1, longest, pattern=_BASE64URL),
        "example": encode_identifier(example if isinstance(example, str) else json.dumps(example)),
    }


_PATH: Final[dict[str, Schema]] = {
    "aasIdentifier": _encoded("The id of the shell", SHELL_ID),
    "submodelIdentifier": _encoded("The id of the submodel", SUBMODEL_ID),
    "cdIdentifier": _encoded("The id of the concept description", CONCEPT_ID),
    "packageId": _encoded("The id of the package", "package-1"),
    "templateIdentifier": _encoded("The id of the template", TEMPLATE_ID),
    "handleId": _encoded("What the Location of the accepting answer ends with", "handle-1"),
    "idShortPath": {
        "description": "The way to the element: idShorts with dots, items of lists by [index]",
        "schema": text(1),
        "example": ELEMENT_PATH,
    },
}

_QUERY: Final[dict[str, Schema]] = {
    "limit": {
        "description": "How many results a page has at most; the server may give fewer",
        "schema": {"type": "integer", "minimum": 1},
    },
    "cursor": {
        "description": "The cursor of the page before",
        "schema": {"type": "string"},
    },
    "level": {
        "description": "Everything below, or the element and its direct children",
        "schema": {**one_of("deep core"), "default": "deep"},
    },
    "extent": {
        "description": "Whether the bytes of Blobs are shown",
        "schema": {**one_of("withoutBlobValue withBlobValue"), "default": "withoutBlobValue"},
    },
    "idShort": {"description": "Exactly this idShort", "schema": {"type": "string"}},
    "semanticId": _encoded(
        "A Reference as JSON, found in semanticId or supplementalSemanticIds",
        SEMANTIC_ID,
        longest=3072,
    ),
    "isCaseOf": _encoded("A Reference as JSON", SEMANTIC_ID),
    "dataSpecificationRef": _encoded("A Reference as JSON", SEMANTIC_ID),
    "assetIds": {
        "description": (
            "SpecificAssetIds, each as JSON in base64url; all of them must be there. The name "
            "globalAssetId stands for the asset's globalAssetId"
        ),
        "schema": {"type": "array", "items": text(1, pattern=_BASE64URL)},
        "explode": True,
    },
    "assetKind": {"description": "The kind of the asset", "schema": typed("AssetKind")},
    "assetType": _encoded("The type of the asset", "urn:example:type"),
    "aasId": _encoded("The id of a shell in the package", SHELL_ID),
    "aasIds": {
        "description": "Ids of shells, each as base64url; without any id everything is meant",
        "schema": {"type": "array", "items": text(1, pattern=_BASE64URL)},
        "explode": True,
    },
    "submodelIds": {
        "description": "Ids of submodels, each as base64url",
        "schema": {"type": "array", "items": text(1, pattern=_BASE64URL)},
        "explode": True,
    },
    "includeConceptDescriptions": {
        "description": "Whether the concept descriptions that are referred to come along",
        "schema": {"type": "boolean", "default": True},
    },
    "explain": {
        "description": "Whether the page says how its results were found",
        "schema": {"type": "boolean", "default": False},
    },
    "liveQualifiers": {
        "description": "Whether live values come with the qualifiers that tell how good they are",
        "schema": {"type": "boolean", "default": False},
    },
    "metamodel": {
        "description": "The version of the metamodel that is written",
        "schema": {**one_of("3.1 3.0"), "default": "3.1"},
    },
    "lossy": {
        "description": "Whether what metamodel 3.0 cannot say is left out, and not refused",
        "schema": {"type": "boolean", "default": False},
    },
    "mode": {
        "description": "Whether it is judged as for publishing, or as an import is",
        "schema": {**one_of("strict lenient"), "default": "strict"},
    },
    "createdFrom": {
        "description": "Created at this instant or later",
        "schema": {"type": "string", "format": "date-time"},
    },
    "updatedFrom": {
        "description": "Changed at this instant or later",
        "schema": {"type": "string", "format": "date-time"},
    },
    "date": {
        "description": "The instant; without it what is valid now",
        "schema": {"type": "string", "format": "date-time"},
    },
    "ignore-duplicates": {
        "description": "Whether what is there already is left as it is, and not refused",
        "schema": {"type": "boolean", "default": False},
    },
    "onConflict": {
        "description": "What becomes of documents whose ids exist: newer ones are told by version "
        "and revision, then by updatedAt",
        "schema": {
            "type": "string",
            "enum": ["fail", "skip", "replace", "newer"],
            "default": "fail",
        },
    },
    "strict": {
        "description": "Whether what breaks a constraint or lacks a part is refused, and not only "
        "told",
        "schema": {"type": "boolean", "default": False},
    },
    "dryRun": {
        "description": "Whether nothing is changed, and the answer tells what would be",
        "schema": {"type": "boolean", "default": False},
    },
}

_HEADERS: Final[dict[str, Schema]] = {
    "If-Match": {
        "description": "Do it only while the ETag is one of these",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "Answer only when the ETag is none of these; * is any",
        "schema": {"type": "string"},
    },
}


def parameter_components() -> dict[str, Schema]:
    """Return every parameter by its name."""
    return {
        **{
            name: {"name": name, "in": "path", "required": True, **rest}
            for name, rest in _PATH.items()
        },
        **{name: {"name": name, "in": "query", **rest} for name, rest in _QUERY.items()},
        **{name: {"name": name, "in": "header", **rest} for name, rest in _HEADERS.items()},
    }
