"""Security: what an interface says about how one may speak to it; never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aas_server.bindings.aid import meanings as m
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node

_SECURITY: Final = "www.w3.org/2019/wot/security#"
_UAV: Final = "opcfoundation.org/UA/WoT-Binding"
_SCHEMES: Final = {
    f"{_SECURITY}NoSecurityScheme": "nosec",
    f"{_SECURITY}AutoSecurityScheme": "auto",
    f"{_SECURITY}BasicSecurityScheme": "basic",
    f"{_SECURITY}DigestSecurityScheme": "digest",
    f"{_SECURITY}APIKeySecurityScheme": "apikey",
    f"{_SECURITY}BearerSecurityScheme": "bearer",
    f"{_SECURITY}PSKSecurityScheme": "psk",
    f"{_SECURITY}OAuth2SecurityScheme": "oauth2",
    f"{_SECURITY}ComboSecurityScheme": "combo",
    f"{_UAV}/OPCUASecurityChannelScheme": "channel",
    f"{_UAV}/OPCUASecurityAuthenticationScheme": "authentication",
}
"""The kind of a scheme by its meaning. What its ``scheme`` says is ignored: templates and
specifications disagree about it.
"""
_OPEN: Final = frozenset({"nosec", "auto", "channel"})
_ANONYMOUS: Final = "Anonymous"
_MAX_COMBINED: Final = 32
"""Schemes that are followed from one interface at most, whatever combines them."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One security scheme: its ``kind``, and what the two of OPC UA tell beyond it."""

    kind: str
    mode: str | None = None
    policy: str | None = None
    user_token: str | None = None

    @property
    def credentials(self) -> str | None:
        """Return what one must have to use it, None when it is open to everybody."""
        if self.kind == "authentication":
            return None if self.user_token in (None, _ANONYMOUS) else self.user_token
        return None if self.kind in _OPEN else self.kind


@dataclass(frozen=True, slots=True)
class Security:
    """What an interface or a form demands: all ``schemes`` together.

    ``problem`` says why that is not known, None when it is.
    """

    schemes: tuple[Scheme, ...] = ()
    problem: str | None = None

    @property
    def channel(self) -> Scheme | None:
        """Return the scheme of OPC UA's secure channel, or None."""
        return next((each for each in self.schemes if each.kind == "channel"), None)

    @property
    def credentials(self) -> str | None:
        """Return what one must have (``basic``, ``UserName``...), None when nothing."""
        return next((each.credentials for each in self.schemes if each.credentials), None)


UNSECURED: Final = Security()
"""Of an interface that says nothing."""


def read_security(holder: Node | None, definitions: Node | None) -> Security:
    """Return what the list ``security`` of ``holder`` (an endpoint or a form) demands.

    Its references name schemes among ``definitions``; a reference that names no element at all, as
    that of the published templates, says nothing.
    """
    listed = m.find(holder, *m.SECURITY)
    reader = _Reader(definitions)
    schemes = tuple(reader.of_list(listed))
    return Security(schemes, reader.problem)


class _Reader:
    """Follows references to schemes, those of combined ones included."""

    def __init__(self, definitions: Node | None) -> None:
        self._definitions = definitions
        self._followed = 0
        self.problem: str | None = None

    def of_list(self, listed: Node | None) -> Iterator[Scheme]:
        for reference in m.elements_of(listed):
            yield from self._of_reference(reference)

    def _of_reference(self, element: Node) -> Iterator[Scheme]:
        values = key_values(element.get("value"))
        if len(values) < 2:
            return
        self._followed += 1
        if self._followed > _MAX_COMBINED:
            self.problem = f"its security combines more than {_MAX_COMBINED} schemes"
            return
        definition = self._definition(values[-1])
        if definition is None:
            self.problem = f"its security refers to {values[-1]!r}, which is not defined"
            return
        yield from self._of_definition(definition)

    def _definition(self, id_short: str) -> Node | None:
        for child in m.elements_of(self._definitions):
            if child.get("idShort") == id_short:
                return child
        return None

    def _of_definition(self, definition: Node) -> Iterator[Scheme]:
        kind = next((name for id_, name in _SCHEMES.items() if m.has_meaning(definition, id_)), "")
        if kind == "combo":
            yield from self.of_list(m.find(definition, *m.ALL_OF))
            # Any one of these is enough; the device decides when it is used.
            alternatives = m.find(definition, *m.ONE_OF)
            choices = [list(self._of_reference(each)) for each in m.elements_of(alternatives)]
            yield from min(choices, key=_demand, default=[])
        elif kind:
            yield Scheme(
                kind,
                mode=m.text_of(definition, *m.SECURITY_MODE),
                policy=m.text_of(definition, *m.SECURITY_POLICY),
                user_token=m.text_of(definition, *m.USER_TOKEN),
            )
        else:
            name = definition.get("idShort")
            self.problem = f"its security scheme {name!r} is of a kind that is not known"


def _demand(schemes: list[Scheme]) -> int:
    """Return how many credentials ``schemes`` need; the alternative with the fewest is used."""
    return sum(each.credentials is not None for each in schemes)
