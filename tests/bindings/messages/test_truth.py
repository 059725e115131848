"""Whatever happens in whatever order, a value is good only when a device said so itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import compile_conversion
from aas_server.bindings.messages.inbox import Message
from aas_server.bindings.messages.message_feed import MessageFeed
from aas_server.bindings.messages.outlet import Outlet
from aas_server.bindings.messages.routes import Route, Watch
from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.plant.mqtt import MqttBindingSettings
from aas_server.live.hub import LiveHub
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import BAD_NO_COMMUNICATION
from tests.support.clock import FakeClock
from tests.support.patience import patient

EXPECTED = 10.0
SETTINGS = {
    "connection": "broker",
    "topic": "t",
    "member": "v",
    "quality": "q",
    "timestamp": "t",
    "expectedInterval": EXPECTED,
    "sink": {"submodel": "urn:x", "path": "Value"},
}


class World:
    """A binding fed by messages, and what is done to it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        hub = LiveHub(self.clock)
        self.hub = hub
        counters = BindingMetrics(CollectorRegistry()).of("broker")
        self.outlet = Outlet(hub, counters)
        settings = MqttBindingSettings.model_validate(SETTINGS)
        element = {"modelType": "Property", "idShort": "Value", "valueType": "xs:double"}
        sink = resolve_sink(
            {"modelType": "Submodel", "id": "urn:x", "submodelElements": [element]}, ("Value",)
        )
        self.point = hub.register(sink)
        self.binding = Binding(
            settings,
            now=self.clock.now,
            sink=sink,
            conversion=compile_conversion(settings, sink),
            point=self.point,
        )
        self.feed = MessageFeed(
            self.binding,
            settings,
            sink,
            self.point,
            outlet=self.outlet,
            counters=counters,
            on_change=lambda: None,
            max_payload=1000,
        )
        self.route, self.availability = Route(), Route()
        self.availability.watch(self.binding, Watch(self.feed, "online", "offline"))
        self.route.add(self.binding, self.feed, self.clock.monotonic())
        self.begin()

    def message(self, body: bytes, *, is_old: bool = False) -> None:
        message = Message(body, self.clock.now(), is_old)
        self.route.take(message, self.clock.monotonic())

    def say(self, word: str) -> None:
        self.availability.take(Message(word.encode(), 0), self.clock.monotonic())

    def wait(self, seconds: float) -> None:
        self.outlet.flush()
        self.clock.advance(seconds)
        self.feed.look_at_silence(self.clock.monotonic())

    def begin(self) -> None:
        self.route.begin(self.clock.monotonic())

    def lose(self) -> None:
        self.outlet.flush()
        self.route.end()
        self.hub.degrade([self.point], BAD_NO_COMMUNICATION)
        self.begin()


@dataclass
class Truth:
    """What must be shown, told in a few lines."""

    value: Any = None
    quality: str = "uncertain"
    is_away: bool = False
    has_heard: bool = False
    silent: float = 0.0

    def live(self, quality: str, value: float) -> None:
        if self.is_away:
            return
        self.has_heard, self.silent, self.quality = True, 0.0, quality
        if quality != "bad":
            self.value = value

    def kept(self, value: float) -> None:
        if not self.is_away and not self.has_heard:
            self.value, self.quality, self.silent = value, "uncertain", 0.0

    def gone(self) -> None:
        self.is_away, self.quality = True, "bad"

    def back(self) -> None:
        self.has_heard |= self.is_away
        self.is_away = False

    def wait(self, seconds: float) -> None:
        self.silent += seconds
        if self.silent >= EXPECTED and self.quality == "good":
            self.quality = "uncertain"

    def lost(self) -> None:
        self.is_away = self.has_heard = False
        self.quality, self.silent = "bad", 0.0


RUBBISH = [b"", b"\xff", b"{}", b'{"v": 1}', b'{"v": 1, "q": "?", "t": 1}', b"[1]", b"NaN"]
steps = st.one_of(
    st.tuples(st.just("live"), st.sampled_from(["good", "uncertain", "bad"]), st.integers(0, 99)),
    st.tuples(st.just("rubbish"), st.sampled_from(RUBBISH) | st.binary(max_size=20)),
    st.tuples(st.just("kept"), st.integers(100, 199)),
    st.tuples(st.sampled_from(["offline", "online", "lost"])),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 4.0, 11.0])),
)


@settings(patient, max_examples=400)
@given(st.lists(steps, max_size=12))
def test_what_is_shown_is_what_is_known(script: list[Any]) -> None:
    world, truth = World(), Truth()
    for step, *details in script:
        if step == "live":
            quality, value = details
            time = world.clock.now() // 1000
            world.message(f'{{"v": {value}, "q": "{quality}", "t": {time}}}'.encode())
            truth.live(quality, value)
        elif step == "rubbish":
            world.message(details[0])
            truth.live("bad", 0)
        elif step == "kept":
            time = world.clock.now() // 1000
            world.message(f'{{"v": {details[0]}, "q": "good", "t": {time}}}'.encode(), is_old=True)
            truth.kept(details[0])
        elif step == "wait":
            world.wait(details[0])
            truth.wait(details[0])
        elif step == "lost":
            world.lose()
            truth.lost()
        else:
            world.say(step)
            (truth.gone if step == "offline" else truth.back)()
    world.outlet.flush()

    shown = world.point.current
    assert (shown.value, shown.quality.value) == (truth.value, truth.quality)
    if shown.quality.value == "good":
        assert world.binding.problem is None
