"""What an operation is: the row of the table, and the small values that it is made of."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from aas_server.metamodel.views import Content

JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
ANY_TYPE: Final = "*/*"
"""A download bears the media type that the model says it has."""

_PARAMETER: Final = re.compile(r"{(\w+)}")


class Service(enum.Enum):
    """The services of Part 2, as their specification identifiers name them."""

    SHELL_REPOSITORY = "AssetAdministrationShellRepositoryServiceSpecification"
    SUBMODEL_REPOSITORY = "SubmodelRepositoryServiceSpecification"
    CONCEPT_DESCRIPTION_REPOSITORY = "ConceptDescriptionRepositoryServiceSpecification"
    SHELL_REGISTRY = "AssetAdministrationShellRegistryServiceSpecification"
    SUBMODEL_REGISTRY = "SubmodelRegistryServiceSpecification"
    DISCOVERY = "DiscoveryServiceSpecification"
    PACKAGES = "AasxFileServerServiceSpecification"
    SHELL = "AssetAdministrationShellServiceSpecification"
    SUBMODEL = "SubmodelServiceSpecification"


class Right(enum.Enum):
    """What a caller must be allowed to do (IDTA-01004, RIGHTS)."""

    CREATE = "CREATE"
    READ = "READ"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    EXECUTE = "EXECUTE"


@dataclass(frozen=True, slots=True, order=True)
class Profile:
    """A set of operations that a server has as a whole or not at all; ``number`` as in SSP-001."""

    service: str
    number: int

    def id(self, version: str) -> str:
        """Return the identifier for a version of the API, such as ``3/1``."""
        return f"https://admin-shell.io/aas/API/{version}/{self.service}/SSP-{self.number:03}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, the schema of its body and the headers that come with it.

    A schema is named as in the OpenAPI document, ``Name[]`` is an array of them; None: no body.
    """

    status: int
    schema: str | None = None
    media_types: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: a JSON text of ``schema``, or a form of that schema."""

    schema: str
    multipart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation, wherever it is offered.

    ``path`` is the template below a base path; ``typo`` is the same path as the published documents
    misspell it, ``aliases`` are further spellings that clients use. ``semantic_names`` name the
    interface operations that it carries out, of the API's ``version``. One of ``rights`` is needed:
    CREATE or UPDATE depends on what is there. ``query`` names the parameters of the query;
    ``implied`` is the parameter that the path leaves out because the server is started for one
    shell or submodel. ``handler`` is ``module.function``; ``hot`` operations are answered by the
    fast lane.
    """

    id: str
    method: str
    path: str
    summary: str
    profiles: tuple[Profile, ...]
    semantic_names: tuple[str, ...]
    rights: tuple[Right, ...]
    handler: str
    answers: tuple[Answer, ...]
    body: Body | None = None
    query: tuple[str, ...] = ()
    content: Content = Content.NORMAL
    paged: bool = False
    hot: bool = False
    implied: str = ""
    typo: str = ""
    aliases: tuple[str, ...] = ()
    version: str = "3/1"

    @property
    def services(self) -> tuple[Service, ...]:
        """Return the services that the operation belongs to; an extension belongs to none."""
        return tuple(
            Service(name) for name in dict.fromkeys(each.service for each in self.profiles)
        )

    @property
    def semantic_ids(self) -> tuple[str, ...]:
        """Return the semantic ids of the interface operations."""
        return tuple(
            f"https://admin-shell.io/aas/API/{name}/{self.version}" for name in self.semantic_names
        )

    @property
    def profile_ids(self) -> tuple[str, ...]:
        """Return the identifiers of the profiles, in the version that brought the operation."""
        return tuple(profile.id(self.version) for profile in self.profiles)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every spelling of the path, the right one first."""
        return (self.path, *((self.typo,) if self.typo else ()), *self.aliases)

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Return the names of the parameters in the path."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def creates(self) -> bool:
        """Return whether the operation may answer that it created something."""
        return any(answer.status == 201 for answer in self.answers)


def profiles(service: Service, *numbers: int) -> tuple[Profile, ...]:
    """Return the profiles of ``service`` with these numbers."""
    return tuple(Profile(service.value, number) for number in numbers)
