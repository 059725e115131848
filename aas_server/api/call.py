"""A call: one request for an operation, as its handler sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from starlette.types import Receive

from aas_server.api.operations import Operation
from aas_server.api.parameters import Query
from aas_server.api.responses import Header, Response
from aas_server.api.settings import ApiSettings
from aas_server.errors import BadRequest
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.metamodel.identifiers import decode_identifier
from aas_server.metamodel.views import Content, Extent, Level
from aas_server.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class Call:
    """One request for ``operation``; ``values`` are the segments that its path template names."""

    repository: Repository
    settings: ApiSettings
    operation: Operation
    values: Mapping[str, str]
    query: Query
    headers: Iterable[Header]
    receive: Receive

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


Handler: TypeAlias = Callable[[Call], Response | Awaitable[Response]]
