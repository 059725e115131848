"""What many declarations have in common: forms of an answer, usual answers, rights by method."""

from __future__ import annotations

from typing import Final

from aas_server.api.operations.operation import JSON, Answer, Right
from aas_server.metamodel.views import Content

READ: Final = (Right.READ,)
CREATE: Final = (Right.CREATE,)
UPDATE: Final = (Right.UPDATE,)
CREATE_OR_UPDATE: Final = (Right.CREATE, Right.UPDATE)
DELETE: Final = (Right.DELETE,)
EXECUTE: Final = (Right.EXECUTE,)

PAGE: Final = ("limit", "cursor")

RDF: Final = ("text/turtle", "application/ld+json", "application/n-quads", "application/n-triples")
"""The media types of RDF."""
XML: Final = "application/xml"
CSV: Final = "text/csv"
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

DOCUMENT_TYPES: Final = (JSON, XML, *RDF)
"""The media types of a document in the normal form."""
SUBMODEL_TYPES: Final = (*DOCUMENT_TYPES, CSV, WORKBOOK)
"""The media types of a submodel in the normal form: as tables, too."""

NO_CONTENT: Final = (Answer(204),)
ACCEPTED: Final = (Answer(202, headers=("Location",)),)

SUFFIX: Final = {
    Content.NORMAL: "",
    Content.METADATA: "-Metadata",
    Content.VALUE: "-ValueOnly",
    Content.REFERENCE: "-Reference",
    Content.PATH: "-Path",
}
"""What the id of an operation ends with."""

MODIFIERS: Final[dict[Content, tuple[str, ...]]] = {
    Content.NORMAL: ("level", "extent"),
    Content.METADATA: (),
    Content.VALUE: ("level", "extent"),
    Content.REFERENCE: (),
    Content.PATH: ("level",),
}
"""Which SerializationModifiers go with a content (IDTA-01002)."""

FORM: Final = {
    Content.NORMAL: "",
    Content.METADATA: ", without values",
    Content.VALUE: ", its values only",
    Content.REFERENCE: ", as a reference",
    Content.PATH: ", as idShortPaths",
}
"""How a summary tells the content."""


def ok(schema: str, media_types: tuple[str, ...] = (JSON,)) -> tuple[Answer, ...]:
    """Return: 200 with a JSON text of ``schema``, or with the same in other media types."""
    return (Answer(200, schema, media_types),)


def created(schema: str) -> tuple[Answer, ...]:
    """Return: 201 with what was created, and where it is."""
    return (Answer(201, schema, headers=("Location",)),)


def put(schema: str, *, creates: bool = True) -> tuple[Answer, ...]:
    """Return the answers to a PUT: 204 when it replaced, 201 when it created."""
    return (*(created(schema) if creates else ()), *NO_CONTENT)


def with_content(path: str, content: Content) -> str:
    """Return the path of a resource in a form."""
    return path if content is Content.NORMAL else f"{path}/{content.value}"
