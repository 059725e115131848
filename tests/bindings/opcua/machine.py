"""A machine for tests: an OPC UA server in a process of its own, told by lines of JSON what to do.

Started with one JSON object of options; prints ``{"port": ...}`` once it listens and an answer to
every line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from asyncua import Server, ua
from asyncua.common.structures104 import new_struct, new_struct_field
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager
from asyncua.ua.ua_binary import pack_uatype

URI = "urn:test:machine"
PASSWORD = "s3cret"

STANDARD_NODES: dict[str, tuple[Any, ua.VariantType]] = {
    "Speed": (1.5, ua.VariantType.Double),
    "Feed": (2.5, ua.VariantType.Float),
    "Count": (7, ua.VariantType.UInt16),
    "Large": (2**40, ua.VariantType.Int64),
    "Level": (-3, ua.VariantType.SByte),
    "Text": ("run", ua.VariantType.String),
    "On": (True, ua.VariantType.Boolean),
    "When": (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), ua.VariantType.DateTime),
    "Raw": (b"\x00\x01", ua.VariantType.ByteString),
    "Name": (ua.LocalizedText("Fräse", "de"), ua.VariantType.LocalizedText),
    "Array": ([10.0, 20.0, 30.0], ua.VariantType.Double),
    "Matrix": ([[1, 2], [3, 4]], ua.VariantType.Int32),
    "Range": (ua.Range(1.0, 2.0), ua.VariantType.ExtensionObject),
    "ReadOnly": (1.0, ua.VariantType.Double),
    "WriteOnly": (1.0, ua.VariantType.Double),
    "Wave": ([0.5], ua.VariantType.Double),
    "Counter": (0, ua.VariantType.Int32),
    "Mode": (1, ua.VariantType.Int32),
}


class _OneUser(UserManager):
    def get_user(
        self,
        iserver: Any,
        username: str | None = None,
        password: Any = None,
        certificate: Any = None,
    ) -> User | None:
        if username == "operator" and password in (PASSWORD, PASSWORD.encode()):
            return User(role=UserRole.Admin, name=username)
        return None


def _argument(name: str, kind: Any) -> ua.Argument:
    scalar = kind[0] if isinstance(kind, list) else kind
    return ua.Argument(
        Name=name,
        DataType=scalar if isinstance(scalar, ua.NodeId) else ua.NodeId(scalar.value),
        ValueRank=1 if isinstance(kind, list) else -1,
    )


class Machine:
    """The server and its nodes."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._nodes: dict[str, Any] = {}
        self._clamps: dict[Any, Any] = {}
        self._ticking = True
        user_manager = _OneUser() if options.get("users") else None
        self._server = Server(user_manager=user_manager)

    async def start(self) -> int:
        options, server = self._options, self._server
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{options.get('port', 0)}/machine")
        policies = [ua.SecurityPolicyType[name] for name in options.get("policies", ["NoSecurity"])]
        server.set_security_policy(policies)
        if options.get("users"):
            server.set_identity_tokens([ua.UserNameIdentityToken])
        if certificate := options.get("certificate"):
            await server.set_application_uri(URI)
            await server.load_certificate(certificate)
            await server.load_private_key(options["key"])
        if options.get("shuffled"):
            await server.register_namespace("urn:test:filler")
        await self._build(await server.register_namespace(URI))
        self._refuse(options.get("itemsPerCall", 10_000), options.get("refusesDeadbands", False))
        self._admit(options.get("maxItems", 100_000))
        self._clamp()
        if timeout := options.get("sessionTimeout"):
            server.iserver.min_session_timeout_ms = server.iserver.max_session_timeout_ms = timeout
        server.iserver.max_subscriptions = options.get("maxSubscriptions", 100)
        await server.start()
        storage = server.iserver.history_manager.storage
        storage.max_history_data_response_size = options.get("historyAnswer", 10_000)
        for name in options.get("history", ()):
            await server.historize_node_data_change(self._nodes[name], count=1000)
        return server.bserver._server.sockets[0].getsockname()[1]

    async def _build(self, namespace: int) -> None:
        objects = self._server.nodes.objects
        for name, (value, variant_type) in STANDARD_NODES.items():
            if name in self._options.get("without", ()):
                continue
            if name in self._options.get("texts", {}):
                value, variant_type = self._options["texts"][name], ua.VariantType.String
            node = await objects.add_variable(
                ua.NodeId(name, namespace), name, value, varianttype=variant_type
            )
            if name != "ReadOnly":
                await node.set_writable()
            self._nodes[name] = node
        for level in (ua.AttributeIds.AccessLevel, ua.AttributeIds.UserAccessLevel):
            await self._nodes["WriteOnly"].unset_attr_bit(level, ua.AccessLevel.CurrentRead)
        mode = self._nodes["Mode"]
        await mode.add_property(
            ua.NodeId("Mode.EnumStrings", namespace),
            ua.QualifiedName("EnumStrings", 0),
            [ua.LocalizedText("Aus"), ua.LocalizedText("Ein")],
        )
        self._ranged = await self._nodes["Speed"].add_property(
            ua.NodeId("Speed.EURange", namespace),
            ua.QualifiedName("EURange", 0),
            ua.Range(-10, 250),
        )
        if fields := self._options.get("part"):
            await self._add_part(namespace, fields)
        await self._add_methods(namespace)
        for number in range(self._options.get("extra", 0)):
            node_id = ua.NodeId(f"V{number}", namespace)
            self._nodes[f"V{number}"] = await objects.add_variable(node_id, f"V{number}", 0.0)

    async def _add_part(self, namespace: int, fields: dict[str, str]) -> None:
        """A structure of its own of this machine, as a value of that type and as one of any."""
        kinds = {name: ua.VariantType[kind] for name, kind in fields.items()}
        members = [new_struct_field(name, kind) for name, kind in kinds.items()]
        data_type, (encoding,) = await new_struct(
            self._server, ua.NodeId(9000, namespace), "Part", members
        )
        values = {ua.VariantType.Double: 1.5, ua.VariantType.String: "bolt"}
        body = b"".join(pack_uatype(kind, values[kind]) for kind in kinds.values())
        value = ua.Variant(
            ua.ExtensionObject(TypeId=encoding.nodeid, Body=body), ua.VariantType.ExtensionObject
        )
        for name, kind in (("Part", data_type.nodeid), ("AnyPart", ua.NodeId(22))):
            node = await self._server.nodes.objects.add_variable(
                ua.NodeId(name, namespace), name, value, datatype=kind
            )
            await node.set_writable()
            self._nodes[name] = node

    async def _add_methods(self, namespace: int) -> None:
        """Methods as machines have them: with arguments of all kinds, picky, slow, without any."""
        kind = ua.VariantType
        for name, function, inputs, outputs in (
            ("Start", self._start, {"Program": kind.String, "Quantity": kind.UInt16,
                                    "Speed": kind.Float}, {"Job": kind.Int64}),
            ("Convert", self._convert, {"Values": [kind.Double], "When": kind.DateTime,
                                        "Name": kind.LocalizedText, "Any": kind.Variant},
             {"Sum": kind.Double, "Then": kind.DateTime, "Title": kind.LocalizedText,
              "Values": [kind.Int32]}),
            ("Nap", self._nap, {"Seconds": kind.Double}, {}),
            ("Plain", self._plain, {}, {}),
            ("Widen", self._widen, {"Spans": [ua.NodeId(884)], "By": kind.Double},
             {"Widest": ua.NodeId(884), "All": [ua.NodeId(884)]}),
            ("Where", self._where, {}, {"Node": kind.NodeId}),
        ):  # fmt: skip
            await self._server.nodes.objects.add_method(
                ua.NodeId(name, namespace),
                ua.QualifiedName(name, namespace),
                function,
                [_argument(*each) for each in inputs.items()],
                [_argument(*each) for each in outputs.items()],
            )

    async def _start(self, _parent: Any, *arguments: ua.Variant) -> Any:
        program, quantity, speed = arguments
        types = tuple(each.VariantType for each in arguments)
        if types != (ua.VariantType.String, ua.VariantType.UInt16, ua.VariantType.Float):
            return ua.StatusCode(ua.StatusCodes.BadTypeMismatch)
        if program.Value == "forbidden":
            return ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)
        if program.Value == "unknown":
            codes = [ua.StatusCodes.BadOutOfRange, ua.StatusCodes.Good, ua.StatusCodes.BadNoData]
            return ua.CallMethodResult(
                ua.StatusCode(ua.StatusCodes.BadInvalidArgument),
                InputArgumentResults=[ua.StatusCode(code) for code in codes],
            )
        if program.Value == "busy":
            return ua.StatusCode(ua.StatusCodes.BadInvalidState)
        return [ua.Variant(quantity.Value * 1000 + round(speed.Value * 10), ua.VariantType.Int64)]

    async def _convert(self, _parent: Any, *arguments: ua.Variant) -> Any:
        values, when, name, _anything = (each.Value for each in arguments)
        return [
            ua.Variant(sum(values), ua.VariantType.Double),
            ua.Variant(when, ua.VariantType.DateTime),
            ua.Variant(name, ua.VariantType.LocalizedText),
            ua.Variant([int(each) for each in values], ua.VariantType.Int32, is_array=True),
        ]

    async def _nap(self, _parent: Any, seconds: ua.Variant) -> Any:
        await asyncio.sleep(seconds.Value)
        return []

    async def _widen(self, _parent: Any, spans: ua.Variant, by: ua.Variant) -> Any:
        wider = [ua.Range(each.Low - by.Value, each.High + by.Value) for each in spans.Value]
        widest = max(wider, key=lambda each: each.High - each.Low)
        kind = ua.VariantType.ExtensionObject
        return [ua.Variant(widest, kind), ua.Variant(wider, kind, is_array=True)]

    async def _plain(self, _parent: Any, *arguments: ua.Variant) -> Any:
        return ua.StatusCode(ua.StatusCodes.BadTooManyArguments if arguments else 0)

    async def _where(self, _parent: Any, *_arguments: ua.Variant) -> Any:
        return [ua.Variant(self._nodes["Speed"].nodeid, ua.VariantType.NodeId)]

    def _refuse(self, limit: int, deadbands: bool) -> None:
        service = self._server.iserver.subscription_service
        create = service.create_monitored_items

        async def picky(parameters: Any, *rest: Any) -> Any:
            if len(parameters.ItemsToCreate) > limit:
                raise ua.uaerrors.BadTooManyOperations
            if deadbands and any(i.RequestedParameters.Filter for i in parameters.ItemsToCreate):
                status = ua.StatusCode(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
                return [ua.MonitoredItemCreateResult(status) for _ in parameters.ItemsToCreate]
            return await create(parameters, *rest)

        service.create_monitored_items = picky

    def _clamp(self) -> None:
        """Have writes above what ``clamp`` said taken as that, with a status that says so."""
        service = self._server.iserver.attribute_service
        write = service.write

        async def clamping(parameters: Any, *rest: Any, **more: Any) -> Any:
            clamped = []
            for index, each in enumerate(parameters.NodesToWrite):
                limit, variant = self._clamps.get(each.NodeId), each.Value.Value
                if limit is not None and variant.Value > limit:
                    each.Value = ua.DataValue(ua.Variant(limit, variant.VariantType))
                    clamped.append(index)
            results = await write(parameters, *rest, **more)
            for index in clamped:
                results[index] = ua.StatusCode(ua.StatusCodes.GoodClamped)
            return results

        service.write = clamping

    async def _reset(self) -> None:
        self._clamps.clear()
        await self._ranged.write_value(ua.Range(-10.0, 250.0))
        for name, (value, variant_type) in STANDARD_NODES.items():
            if name != "Counter":
                await self._put(self._nodes[name], ua.Variant(value, variant_type))

    async def _limit(self, command: dict[str, Any]) -> None:
        if "range" in command:
            await self._ranged.write_value(ua.Range(*command["range"]))
        else:
            self._clamps[self._nodes[command["clamp"]].nodeid] = command["at"]

    def _admit(self, limit: int) -> None:
        """Take so many items at a time from all clients together."""
        service = self._server.iserver.subscription_service
        create = service.create_monitored_items

        async def limited(parameters: Any, *rest: Any) -> Any:
            room = limit - sum(self._item_counts())
            asked = parameters.ItemsToCreate
            parameters.ItemsToCreate = asked[: max(0, room)]
            status = ua.StatusCode(ua.StatusCodes.BadTooManyMonitoredItems)
            refused = [ua.MonitoredItemCreateResult(status) for _ in asked[max(0, room) :]]
            return [*(await create(parameters, *rest)), *refused]

        service.create_monitored_items = limited

    def _item_counts(self) -> list[int]:
        return [len(each.monitored_item_srv._monitored_items) for each in self._subscriptions()]

    def _swallow(self, subscription: Any) -> None:
        """Let the next message that carries something get lost on its way; it is kept."""
        send = subscription.pub_result_callback

        async def swallow(result: Any, *rest: Any) -> None:
            if not result.NotificationMessage.NotificationData:
                await send(result, *rest)
                return
            subscription.pub_result_callback = send

        subscription.pub_result_callback = swallow

    def _subscriptions(self) -> list[Any]:
        return list(self._server.iserver.subscription_service.subscriptions.values())

    async def obey(self, command: dict[str, Any]) -> Any:
        """Do what one line says and return the answer."""
        match command:
            case {"set": name, **rest}:
                await self._set(name, rest)
            case {"fill": name, "count": count}:
                await self._set(name, {"value": [0.25] * count})
            case {"get": name}:
                value = await self._nodes[name].read_data_value(raise_on_bad_status=False)
                return {"value": value.Value.Value, "type": value.Value.VariantType.name}
            case {"reset": True}:
                await self._reset()
            case {"count": "items"}:
                return self._item_counts()
            case {"range": _} | {"clamp": _}:
                await self._limit(command)
            case {"subscriptions": True}:
                return sorted(self._server.iserver.subscription_service.subscriptions)
            case {"tick": ticking}:
                self._ticking = ticking
            case {"add": name}:
                namespace = await self._server.get_namespace_index(URI)
                node_id = ua.NodeId(name, namespace)
                self._nodes[name] = await self._server.nodes.objects.add_variable(
                    node_id, name, 4.25
                )
            case _:
                await self._lose(command)
                await self._become(command)
        return "ok"

    async def _lose(self, command: dict[str, Any]) -> None:
        """Lose messages and subscriptions, as servers do that have too much to do."""
        match command:
            case {"lose": "value", "of": name, "value": value}:
                # As a server whose queue of messages was full: one is gone, with what it said.
                await self._set(name, {"value": value})
                for subscription in self._subscriptions():
                    subscription._triggered_datachanges.clear()
                    subscription._notification_seq += 1
            case {"swallow": "message"}:
                for subscription in self._subscriptions():
                    self._swallow(subscription)
            case {"end": "subscription"}:
                for subscription in self._subscriptions():
                    await subscription.enqueue_statuschange(
                        ua.StatusCode(ua.StatusCodes.BadTimeout)
                    )

    async def _become(self, command: dict[str, Any]) -> None:
        """Be another machine than before, without a restart."""
        match command:
            case {"state": state}:
                await self._put(
                    self._server.get_node(ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)),
                    ua.Variant(state, ua.VariantType.Int32),
                )
            case {"texts": texts}:
                namespace = await self._server.get_namespace_index(URI)
                await self._put(
                    self._server.get_node(ua.NodeId("Mode.EnumStrings", namespace)),
                    ua.Variant([ua.LocalizedText(text) for text in texts]),
                )
            case {"happen": text}:
                event = await self._server.get_event_generator()
                await event.trigger(message=text)

    async def _set(self, name: str, options: dict[str, Any]) -> None:
        value, variant_type = STANDARD_NODES.get(name, (0.0, ua.VariantType.Double))
        if "times" in options:
            options["value"] *= options["times"]
        source = options.get("source")
        await self._put(
            self._nodes[name],
            ua.Variant(options.get("value", value), variant_type),
            status=options.get("status", 0),
            source=datetime.fromisoformat(source) if source else None,
        )

    async def _put(
        self, node: Any, value: ua.Variant, *, status: int = 0, source: datetime | None = None
    ) -> None:
        moment = source or datetime.now(UTC)
        data = ua.DataValue(value, ua.StatusCode(status), moment, datetime.now(UTC))
        await self._server.write_attribute_value(node.nodeid, data)

    async def tick(self) -> None:
        """Count, so that somebody can see that this machine lives."""
        number = 0
        while True:
            await asyncio.sleep(0.05)
            if self._ticking and "Counter" in self._nodes:
                number += 1
                await self._set("Counter", {"value": number})

    async def stop(self) -> None:
        await self._server.stop()


async def main() -> None:
    machine = Machine(json.loads(sys.argv[1]))
    port = await machine.start()
    print(json.dumps({"port": port}), flush=True)
    ticking = asyncio.create_task(machine.tick())
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            answer = await machine.obey(json.loads(line))
        except Exception as error:  # the test wants to see it
            answer = {"error": repr(error)}
        print(json.dumps(answer, default=str), flush=True)
    ticking.cancel()
    await machine.stop()


if __name__ == "__main__":
    asyncio.run(main())
