"""A call: one request for an operation, as its handler sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.types import Receive, Scope

from aas_server.api.conditions import conditions
from aas_server.api.operations.operation import Operation
from aas_server.api.origin import Origin, origin_of
from aas_server.api.parameters import Query
from aas_server.api.responses import Header, Response, StreamResponse
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.errors import BadRequest
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.metamodel.identifiers import decode_identifier
from aas_server.metamodel.views import Content, Extent, Level
from aas_server.repository.conditions import Conditions
from aas_server.repository.repository import Repository

ANONYMOUS: Final = "anonymous"
"""Who writes, as the change log names it, while callers are not told apart."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request for ``operation``; ``values`` are the segments that its path template names.

    ``receive`` gives the body, and raises when the client stops sending it.
    """

    services: Services
    settings: ApiSettings
    operation: Operation
    values: Mapping[str, str]
    query: Query
    scope: Scope
    receive: Receive

    @property
    def repository(self) -> Repository:
        """Return the repository."""
        return self.services.repository

    @property
    def headers(self) -> Iterable[Header]:
        """Return the headers of the request, their names in small letters."""
        headers: Iterable[Header] = self.scope["headers"]
        return headers

    @property
    def origin(self) -> Origin:
        """Return under which address the client reaches the server; raises ``BadRequest``."""
        return origin_of(self.scope, self.settings)

    @property
    def actor(self) -> str:
        """Return who calls, as the change log names it."""
        return ANONYMOUS

    def header(self, name: bytes) -> str | None:
        """Return the value of the header ``name`` (in small letters); the first one, or None."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), None)

    def listed(self, name: bytes) -> str | None:
        """Return all values of a header whose value is a list (RFC 9110, 5.3), or None."""
        values = [value.decode("latin-1") for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    def conditions(self) -> Conditions:
        """Return what If-Match and If-None-Match demand; raises ``BadRequest``."""
        return conditions(self.listed(b"if-match"), self.listed(b"if-none-match"))

    def identifier(self, name: str) -> str:
        """Return the Identifier in the path; raises ``BadRequest`` for a malformed one."""
        return decode_identifier(self.values[name], name=name)

    def id_short_path(self) -> IdShortPath:
        """Return the idShortPath in the path; raises ``BadRequest`` for a malformed one."""
        return parse_id_short_path(self.values["idShortPath"])

    def limit(self) -> int:
        """Return how many results a page has at most."""
        return self.query.limit(
            default=self.settings.default_limit, largest=self.settings.max_limit
        )

    def modifiers(self) -> tuple[Level, Extent]:
        """Return level and extent; raises ``BadRequest`` when the content does not go with them.

        A level is no part of $metadata and $reference; ``core`` says what they show anyway and is
        what clients send.
        """
        content = self.operation.content
        level = self.query.choice("level", Level.DEEP)
        extent = self.query.choice("extent", Extent.WITHOUT_BLOB_VALUE)
        flat = content in (Content.METADATA, Content.REFERENCE)
        if flat and level is Level.DEEP and self.query.one("level") is not None:
            raise BadRequest(f"{content.value} cannot be deep", path="level")
        if content is Content.METADATA and extent is Extent.WITH_BLOB_VALUE:
            raise BadRequest(f"{content.value} has no values", path="extent")
        return level, extent


Answer: TypeAlias = Response | StreamResponse
"""What a handler gives back."""

Handler: TypeAlias = Callable[[Call], Answer | Awaitable[Answer]]
