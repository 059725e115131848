"""The subscriptions of one session: items spread over them as far as the server takes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.opcua.intake import SERVER_STATE
from aas_server.bindings.opcua.items import Item
from aas_server.bindings.opcua.problems import CODE_MASK, describe, describe_status, status_name
from aas_server.bindings.opcua.publishing import Publishing
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.subscription import Subscription, create_subscription
from aas_server.bindings.opcua.variants import numeric
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.clock import Clock

log = structlog.get_logger(__name__)

_FILTER_REFUSED: Final = frozenset(
    {
        StatusCodes.BadMonitoredItemFilterUnsupported,
        StatusCodes.BadMonitoredItemFilterInvalid,
        StatusCodes.BadFilterNotAllowed,
        StatusCodes.BadDeadbandFilterInvalid,
    }
)
_NO_SUBSCRIPTION: Final = frozenset(
    {
        StatusCodes.BadTooManySubscriptions,
        StatusCodes.BadServiceUnsupported,
        StatusCodes.BadNotSupported,
        StatusCodes.BadOutOfMemory,
        StatusCodes.BadResourceUnavailable,
    }
)

Refused = tuple[Item, int, str]
"""An item that the server refused, the status code and what it means."""

Wanted = tuple[Item, ua.NodeId]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is served; ``subscription`` None: in none, it must be polled."""

    node_id: ua.NodeId
    subscription: Subscription | None = None
    item_id: int = 0


class Subscriptions:
    """Creates subscriptions as they are needed and takes note when the server takes no more."""

    def __init__(
        self,
        session: OpcUaSession,
        settings: OpcUaConnectionSettings,
        publishing: Publishing,
        clock: Clock,
    ) -> None:
        self._session = session
        self._settings = settings
        self._publishing = publishing
        self._clock = clock
        self._all: list[Subscription] = []
        self._takes_more = True

    @property
    def first(self) -> Subscription | None:
        """Return the one by which the connection is known to live, None when the server has
        none.
        """
        return self._all[0] if self._all else None

    async def open(self) -> None:
        """Create the first subscription, and hear by it of the server's own state."""
        await self._create(self._settings.publishing_interval)
        if self.first is None:
            return
        request = ua.MonitoredItemCreateRequest(
            ua.ReadValueId(
                NodeId=numeric(ObjectIds.Server_ServerStatus_State), AttributeId=AttributeIds.Value
            ),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(ClientHandle=SERVER_STATE, SamplingInterval=-1, QueueSize=1),
        )
        # A server that does not tell its state is taken to run.
        with contextlib.suppress(UaStatusCodeError):
            await self._session.create_items(self.first.id, [request])

    async def fill(
        self, interval: float, wanted: Sequence[Wanted]
    ) -> tuple[dict[Item, Place], list[Refused]]:
        """Create items, those of each subscription together; return where each is, or why not."""
        places: dict[Item, Place] = {}
        refused: list[Refused] = []
        left = list(wanted)
        while left:
            subscription = await self._with_room(interval)
            if subscription is None:
                places |= {item: Place(node_id) for item, node_id in left}
                break
            part, rest = left[: subscription.room], left[subscription.room :]
            placed, again, turned_away = await self._fill_one(subscription, part)
            places |= placed
            refused += turned_away
            left = again + rest
        return places, refused

    async def drop_empty(self, used: Iterable[Subscription | None]) -> None:
        """Delete the subscriptions that are not among ``used``, but for the first."""
        kept = set(used)
        for subscription in [each for each in self._all[1:] if each not in kept]:
            self._all.remove(subscription)
            self._publishing.remove(subscription)
            self._takes_more = True
            await self._session.delete_subscription(subscription.id)

    async def _fill_one(
        self, subscription: Subscription, wanted: Sequence[Wanted]
    ) -> tuple[dict[Item, Place], list[Wanted], list[Refused]]:
        """Create items; return those that are, those to be tried again, and those refused."""
        results = await self._session.create_items(
            subscription.id, [item.request(node_id) for item, node_id in wanted]
        )
        places: dict[Item, Place] = {}
        again: list[Wanted] = []
        refused: list[Refused] = []
        is_full = False
        for (item, node_id), result in zip(wanted, results, strict=True):
            code = result.StatusCode.value
            if result.StatusCode.is_good():
                places[item] = Place(node_id, subscription, result.MonitoredItemId)
            elif code & CODE_MASK == StatusCodes.BadTooManyMonitoredItems:
                is_full = True
                again.append((item, node_id))
            elif code & CODE_MASK in _FILTER_REFUSED and item.wants_filter:
                without_deadband(item, status_name(code))
                again.append((item, node_id))
            else:
                refused.append((item, code, describe_status(code)))
        subscription.room -= len(places)
        if is_full:
            subscription.room = 0
            if subscription.is_new and not places:
                self._takes_more = False  # It is the server that takes no more items at all.
        subscription.is_new = False
        return places, again, refused

    async def _with_room(self, interval: float) -> Subscription | None:
        """Return a subscription that takes another item, of this interval if there can be one."""
        free = [each for each in self._all if each.room > 0]
        for subscription in free:
            if subscription.interval == interval:
                return subscription
        if self._takes_more and (created := await self._create(interval)):
            return created
        return min(free, key=lambda each: abs(each.interval - interval), default=None)

    async def _create(self, interval: float) -> Subscription | None:
        settings = self._settings
        try:
            subscription = await create_subscription(
                self._session,
                self._clock,
                interval=interval,
                sign_of_life=settings.publishing_interval * settings.keep_alive_count,
                room=settings.limits.items_per_subscription,
            )
        except UaStatusCodeError as error:
            if error.code not in _NO_SUBSCRIPTION:
                raise
            log.warning("server takes no more subscriptions", reason=describe(error))
            self._takes_more = False
            return None
        self._all.append(subscription)
        self._publishing.add(subscription)
        return subscription


def without_deadband(item: Item, reason: str) -> None:
    """Ask for every change of ``item``, and tell why."""
    log.warning("deadband not possible, every change is sent", node=item.node, reason=reason)
    item.is_unfiltered = True
