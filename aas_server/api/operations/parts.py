"""What many declarations have in common: forms of an answer, usual answers, rights by method."""

from __future__ import annotations

from typing import Final

from aas_server.api.operations.operation import Answer, Right
from aas_server.metamodel.views import Content

READ: Final = (Right.READ,)
CREATE: Final = (Right.CREATE,)
UPDATE: Final = (Right.UPDATE,)
CREATE_OR_UPDATE: Final = (Right.CREATE, Right.UPDATE)
DELETE: Final = (Right.DELETE,)
EXECUTE: Final = (Right.EXECUTE,)

PAGE: Final = ("limit", "cursor")

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


def ok(schema: str) -> tuple[Answer, ...]:
    """Return: 200 with a JSON text of ``schema``."""
    return (Answer(200, schema),)


def created(schema: str) -> tuple[Answer, ...]:
    """Return: 201 with what was created, and where it is."""
    return (Answer(201, schema, headers=("Location",)),)


def put(schema: str, *, creates: bool = True) -> tuple[Answer, ...]:
    """Return the answers to a PUT: 204 when it replaced, 201 when it created."""
    return (*(created(schema) if creates else ()), *NO_CONTENT)


def with_content(path: str, content: Content) -> str:
    """Return the path of a resource in a form."""
    return path if content is Content.NORMAL else f"{path}/{content.value}"
