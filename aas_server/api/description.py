"""The self-description (IDTA-01002, GetSelfDescription): the profiles, derived from the table.

A profile is listed when every operation that it holds is carried out; nothing is listed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.api.call import Call
from aas_server.api.operations.operation import Operation, Profile, Service, profiles
from aas_server.api.operations.table import OPERATIONS
from aas_server.api.responses import Response, view_response
from aas_server.api.settings import ApiSettings

_TEMPLATES_ONLY: Final = frozenset(profiles(Service.SUBMODEL_REPOSITORY, 3, 4))
"""Profiles of a server that holds no submodel of the kind Instance (AASa-003, AASa-004)."""

_V3_1: Final = "3/1"
_V3_0: Final = "3/0"
_V3_0_PATH: Final = "/api/v3.0"

_PROFILES_OF_3_0: Final = frozenset(
    (
        *profiles(Service.SHELL_REPOSITORY, 1, 2),
        *profiles(Service.SUBMODEL_REPOSITORY, 1, 2),
        *profiles(Service.CONCEPT_DESCRIPTION_REPOSITORY, 1),
        *profiles(Service.SHELL_REGISTRY, 1, 2),
        *profiles(Service.SUBMODEL_REGISTRY, 1, 2),
        *profiles(Service.DISCOVERY, 1),
        *profiles(Service.PACKAGES, 1),
        *profiles(Service.SHELL, 1, 2),
        *profiles(Service.SUBMODEL, 1, 2, 3),
    )
)
"""The profiles that API 3.0 had, too."""

_RENAMED_SINCE_3_0: Final = {
    Service.CONCEPT_DESCRIPTION_REPOSITORY.value: "ConceptDescriptionServiceSpecification"
}
"""How API 3.0 spelt a service."""


def get_description(call: Call) -> Response:
    """Answer with the ids of the profiles.

    Below /api/v3.0 they are those of API 3.0 alone: clients of that version take them for a closed
    enumeration. Elsewhere those of 3.1 come first, and those of 3.0 follow for older clients.
    """
    supported = supported_profiles(call.settings)
    if call.origin.base_path == _V3_0_PATH:
        return view_response({"profiles": list(_ids_of_3_0(supported))})
    ids = [profile.id(_V3_1) for profile in supported]
    ids += [profile.id(_V3_0) for profile in supported if profile in _PROFILES_OF_3_0]
    # Published lists of 3.1 spell one service of 3.0 anew: both spellings are looked for.
    ids += [each for each in _ids_of_3_0(supported) if each not in ids]
    return view_response({"profiles": ids})


def supported_profiles(settings: ApiSettings) -> list[Profile]:
    """Return the profiles of API 3.1 whose every operation is carried out."""
    return [
        profile
        for profile, operations in _HELD.items()
        if profile not in _TEMPLATES_ONLY
        and all(_is_carried_out(operation, settings) for operation in operations)
    ]


def _ids_of_3_0(supported: list[Profile]) -> Iterator[str]:
    for profile in supported:
        if profile in _PROFILES_OF_3_0:
            service = _RENAMED_SINCE_3_0.get(profile.service, profile.service)
            yield Profile(service, profile.number).id(_V3_0)


def _is_carried_out(operation: Operation, settings: ApiSettings) -> bool:
    # Without its setting a path that stands for one shell or submodel leads nowhere.
    given = {"": True, "aasIdentifier": settings.shell, "submodelIdentifier": settings.submodel}
    return bool(given[operation.implied])


def _holdings() -> dict[Profile, list[Operation]]:
    held: dict[Profile, list[Operation]] = {}
    for operation in OPERATIONS:
        if operation.version == _V3_1:
            for profile in operation.profiles:
                held.setdefault(profile, []).append(operation)
    return {profile: held[profile] for profile in sorted(held)}


_HELD: Final = _holdings()
"""What each profile of API 3.1 holds."""
