"""The parts that every message passes: member paths, payloads, moments, qualities, the inbox."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from aas_server.bindings.messages.inbox import MAX_WAITING, Inbox, Message
from aas_server.bindings.messages.intake import Intake
from aas_server.bindings.messages.member_path import (
    MAX_STEPS,
    MemberMissing,
    MemberPath,
    parse_member_path,
)
from aas_server.bindings.messages.moments import NoMoment, to_moment
from aas_server.bindings.messages.outlet import Outlet
from aas_server.bindings.messages.payload import MAX_DEPTH, Payload, Undecodable
from aas_server.bindings.messages.status_words import BAD, UNCERTAIN, NoStatus, to_status
from aas_server.bindings.metrics import BindingMetrics
from aas_server.clock import to_datetime, to_microseconds
from aas_server.live.hub import LiveHub
from tests.support.clock import FakeClock
from tests.support.patience import patient

names = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cs"]), min_size=1
)
steps = st.lists(names | st.integers(0, 999_999), min_size=1, max_size=8).map(tuple)
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


class TestMemberPath:
    @pytest.mark.parametrize(
        ("text", "steps"),
        [
            ("a", ("a",)),
            ("data.temperature", ("data", "temperature")),
            ("values[2].v", ("values", 2, "v")),
            ("[0][1]", (0, 1)),
            ('["a.b"].c["[x]"]', ("a.b", "c", "[x]")),
            ("ns:a-b/c", ("ns:a-b/c",)),
            ("a b", ("a b",)),
        ],
    )
    def test_it_says_names_and_indexes(self, text: str, steps: tuple[str | int, ...]) -> None:
        assert parse_member_path(text).steps == steps

    @pytest.mark.parametrize(
        "text", ["", ".a", "a.", "a..b", "a[", "a[-1]", "a[x]", "a]b", '["a', " a", "a[0]b", '"']
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="member path"):
            parse_member_path(text)

    def test_it_has_a_limit(self) -> None:
        parse_member_path(".".join("a" * MAX_STEPS))
        with pytest.raises(ValueError, match=f"at most {MAX_STEPS}"):
            parse_member_path(".".join("a" * (MAX_STEPS + 1)))

    @patient
    @given(steps)
    def test_it_is_what_its_text_says(self, steps: tuple[str | int, ...]) -> None:
        assert parse_member_path(str(MemberPath(steps))).steps == steps

    @patient
    @given(trees, steps)
    def test_it_finds_a_member_or_says_what_is_there_instead(
        self, tree: Any, steps: tuple[str | int, ...]
    ) -> None:
        with suppress(MemberMissing):  # and nothing else
            MemberPath(steps).find(tree)

    @patient
    @given(st.lists(names, min_size=1, max_size=5).map(tuple), trees)
    def test_what_was_placed_at_it_is_found_at_it(self, steps: tuple[str, ...], value: Any) -> None:
        path = MemberPath(steps)
        payload = json.loads(path.place(json.dumps(value)))
        assert path.find(payload) == value

    @pytest.mark.parametrize(
        ("path", "found"),
        [("a.b", "a is an array of 1"), ("b", "an object with 'a'"), ("a[5]", "array of 1")],
    )
    def test_its_absence_is_explained(self, path: str, found: str) -> None:
        with pytest.raises(MemberMissing, match=found):
            parse_member_path(path).find({"a": [1]})


class TestPayload:
    def test_integers_keep_every_digit(self) -> None:
        assert Payload(b"123456789012345678901234567890").json() == 123456789012345678901234567890

    def test_it_is_decoded_once(self) -> None:
        payload = Payload(b'{"a": [1]}')
        assert payload.json() is payload.json()

    def test_null_is_a_value(self) -> None:
        assert Payload(b"null").json() is None

    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    def test_nesting_has_a_limit(self, opening: str) -> None:
        closing = "]" if opening == "[" else "}"
        deep = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
        assert Payload(deep.encode()).json()
        for body in (f"[{deep}]", opening * 100_000):
            with pytest.raises(Undecodable, match="nested deeper"):
                Payload(body.encode()).json()

    def test_brackets_in_texts_are_no_nesting(self) -> None:
        assert Payload(json.dumps(["[{" * 1000, '\\"[' * 1000]).encode()).json()

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize("body", [b'"' + b"\\" * 1_000_000, b'["' * 400_000, b'"[' * 400_000])
    def test_hostile_payloads_take_no_time(self, body: bytes) -> None:
        with pytest.raises(Undecodable):
            Payload(b"[" * 70 + body).json()

    @patient
    @given(st.binary())
    def test_any_bytes_are_json_or_refused(self, body: bytes) -> None:
        with suppress(Undecodable):  # and nothing else
            value = Payload(body).json()
            assert json.loads(body) == value


class TestMoments:
    @patient
    @given(st.integers(100_000_000, 4_000_000_000))
    def test_a_number_counts_what_its_size_tells(self, seconds: int) -> None:
        microseconds = seconds * 1_000_000
        for number in (seconds, seconds * 1000, microseconds, microseconds * 1000):
            assert to_moment(number) == microseconds
            assert to_moment(str(number)) == microseconds
        assert to_moment(float(seconds)) == microseconds

    @patient
    @given(st.integers(0, 250_000_000_000_000_000))
    def test_a_text_is_iso_8601(self, microseconds: int) -> None:
        moment = to_datetime(microseconds)
        assert to_moment(moment.isoformat()) == to_microseconds(moment)
        assert to_moment(moment.replace(tzinfo=None).isoformat()) == to_microseconds(moment)

    @pytest.mark.parametrize(
        "value", [None, True, "", "soon", -1, float("inf"), 1e30, "0000-00-00", [], {}, "9" * 400]
    )
    def test_anything_else_is_no_moment(self, value: Any) -> None:
        with pytest.raises(NoMoment, match="timestamp"):
            to_moment(value)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("good", 0),
        ("OK", 0),
        (" Uncertain ", UNCERTAIN),
        ("bad", BAD),
        (True, 0),
        (False, BAD),
        (0, 0),
        (192, 0),
        (64, UNCERTAIN),
        (0x80310000, 0x80310000),
        ("2150694912", 0x80310000),
        ("BadNoCommunication", 0x80310000),
        ("UncertainInitialValue", 0x40920000),
    ],
)
def test_a_quality_is_a_word_a_name_or_a_code(value: Any, status: int) -> None:
    assert to_status(value) == status


@pytest.mark.parametrize("value", [None, "", "fine", 1, 2**32, -1, 1.5, [], {}])
def test_an_unknown_quality_is_refused(value: Any) -> None:
    with pytest.raises(NoStatus, match="neither good"):
        to_status(value)


class TestInbox:
    @patient
    @given(
        st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)) | st.integers(0, 5)),
        st.integers(1, 6),
        st.integers(1, 200),
    )
    def test_order_and_the_newest_of_each_route_are_kept_and_all_else_is_counted(
        self, script: list[Any], max_waiting: int, max_bytes: int
    ) -> None:
        inbox: Inbox[str] = Inbox(max_waiting=max_waiting, max_bytes=max_bytes)
        put: list[tuple[str, int]] = []
        taken: list[tuple[str, int]] = []
        dropped = 0
        for number, step in enumerate(script):
            if isinstance(step, int):
                taken += [(route, each.received) for route, each in inbox.take(step)]
            else:
                route, size = step
                put.append((route, number))
                dropped += inbox.put(route, Message(b"x" * size, number))
            assert len(inbox) <= max(max_waiting, 2 * 3)
        taken += [(route, each.received) for route, each in inbox.take(len(script))]

        assert taken == sorted(taken, key=lambda one: one[1])
        assert dropped == len(put) - len(taken)
        for route in {route for route, _ in put}:
            assert [one for one in put if one[0] == route][-1] in taken
        assert len(inbox) == 0

    def test_memory_is_bounded_by_bytes_too(self) -> None:
        inbox: Inbox[str] = Inbox(max_bytes=1000)
        for number in range(1000):
            inbox.put("a", Message(b"x" * 100, number))
            assert len(inbox) <= 10


class TestIntake:
    async def test_what_cannot_be_decoded_in_time_gives_way_to_newer_messages_and_is_counted(
        self,
    ) -> None:
        clock, registry = FakeClock(), CollectorRegistry()
        counters = BindingMetrics(registry).of("broker")
        intake = Intake(Outlet(LiveHub(clock), counters), clock, counters)
        frequent, rare = Recorder(), Recorder()
        intake.put(rare, Message(b"only", 0))
        for number in range(3 * MAX_WAITING):
            intake.put(frequent, Message(str(number).encode(), 0))

        task = asyncio.create_task(intake.run())
        while not frequent.taken or frequent.taken[-1] != str(3 * MAX_WAITING - 1).encode():
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert rare.taken == [b"only"]
        labels = {"connection": "broker", "reason": "conflated"}
        dropped = registry.get_sample_value("aas_binding_values_dropped_total", labels)
        assert dropped == 3 * MAX_WAITING - len(frequent.taken) > MAX_WAITING

    async def test_a_message_that_makes_a_receiver_fail_does_not_hinder_others(self) -> None:
        clock, registry = FakeClock(), CollectorRegistry()
        counters = BindingMetrics(registry).of("broker")
        intake = Intake(Outlet(LiveHub(clock), counters), clock, counters)
        good, failing = Recorder(), Recorder(fails=True)
        task = asyncio.create_task(intake.run())
        with capture_logs() as logs:
            for number in range(3):
                intake.put(failing, Message(b"x", number))
                intake.put(good, Message(b"y", number))
            while len(good.taken) < 3:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert [line["event"] for line in logs] == ["message not taken in"]


class Recorder:
    """A receiver that remembers what it got."""

    def __init__(self, *, fails: bool = False) -> None:
        self.taken: list[bytes] = []
        self._fails = fails

    def take(self, message: Message, now: float) -> None:
        if self._fails:
            raise RuntimeError("a defect")
        self.taken.append(message.payload)
