"""Composites: one value fills an element with everything below it, and owns it."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest, Conflict, Forbidden, NotFound
from aas_server.live.composite_slots import CompositeSlot
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.overlay import LiveOverlay
from aas_server.live.records import decode_record, encode_record
from aas_server.live.shapes import ABSENT, Shape, filled, kept, shape_of
from aas_server.live.sinks import resolve_sink
from aas_server.live.slots import Slot
from aas_server.live.values import BAD_SENSOR_FAILURE, GOOD, LiveValue, Quality
from aas_server.metamodel.tree import resolve
from aas_server.metamodel.views import Extent, Level, normal, value_only
from tests.support.clock import START, FakeClock

Node = dict[str, Any]
USUAL = Level.DEEP, Extent.WITHOUT_BLOB_VALUE


def prop(id_short: str | None, value_type: str = "xs:double", **more: Any) -> Node:
    named = {} if id_short is None else {"idShort": id_short}
    return {"modelType": "Property", **named, "valueType": value_type, **more}


def collection(id_short: str | None, *elements: Node) -> Node:
    named = {} if id_short is None else {"idShort": id_short}
    return {"modelType": "SubmodelElementCollection", **named, "value": list(elements)}


def list_of(id_short: str | None, model_type: str, *items: Node, **more: Any) -> Node:
    element = {
        "modelType": "SubmodelElementList",
        "typeValueListElement": model_type,
        **({} if id_short is None else {"idShort": id_short}),
        **more,
    }
    return {**element, "value": list(items)} if items else element


NUMBERS = list_of("Numbers", "Property", valueTypeListElement="xs:double")
MATRIX = list_of(
    "Matrix",
    "SubmodelElementList",
    list_of(None, "Property", valueTypeListElement="xs:int"),
)
TOOL = collection(
    "Tool",
    prop("Name", "xs:string"),
    prop("Unit", "xs:string", value="mm"),
    {"modelType": "File", "idShort": "Manual", "contentType": "application/pdf"},
    prop("Life", "xs:float", semanticId="kept"),
    collection("Offset", prop("Length"), prop("Width")),
    {"modelType": "MultiLanguageProperty", "idShort": "Remark"},
)
TOOLS = list_of("Tools", "SubmodelElementCollection", {**TOOL, "idShort": "ignored"})
LIMITS = {"modelType": "Range", "idShort": "Limits", "valueType": "xs:double", "min": "0"}
IMAGE = {"modelType": "Blob", "idShort": "Image", "contentType": "image/gif"}
TREE = {
    "modelType": "Submodel",
    "id": "urn:ex",
    "submodelElements": [prop("Plain"), NUMBERS, MATRIX, TOOL, TOOLS, LIMITS, IMAGE],
}
DRILL = {
    "Name": "Drill",
    "Life": 0.5,
    "Offset": {"Length": 1.0, "Width": 2.0},
    "Remark": [{"language": "de", "text": "neu"}],
}


def good(value: Any) -> LiveValue:
    return LiveValue(value, Quality.GOOD, GOOD, START, START)


class Shown:
    """One element of the tree that a point feeds, and what readers see of it."""

    def __init__(self, hub: LiveHub, path: str) -> None:
        self.hub = hub
        self.path = path
        self.point: LivePoint = hub.register(resolve_sink(TREE, (path,)))
        group = hub.group("urn:ex")
        assert group is not None
        self.overlay = LiveOverlay(TREE, group)

    def show(self, value: Any) -> Node:
        self.hub.apply([(self.point, good(value))])
        return self.element()

    def tree(self) -> Node:
        tree: Node = msgspec.json.decode(self.overlay.body())
        return tree

    def element(self) -> Node:
        return resolve(self.tree(), (self.path,))

    def slot(self, *path: str | int) -> Slot:
        slot = self.overlay.slot_of(path)
        assert slot is not None
        return slot


def test_a_list_has_as_many_items_as_the_array(hub: LiveHub) -> None:
    shown = Shown(hub, "Numbers")

    for numbers in ([1.0, 2.5], [], [float("nan"), 3.0, float("-inf")]):
        element = shown.show(numbers)

        texts = [each["value"] for each in element.get("value", ())]
        assert texts == [{"nan": "NaN", "-inf": "-INF"}.get(str(n), str(n)) for n in numbers]
        assert all(each["valueType"] == "xs:double" for each in element.get("value", ()))


def test_a_matrix_is_a_list_of_lists(hub: LiveHub) -> None:
    shown = Shown(hub, "Matrix")
    shown.show([[1, 2, 3], [4, 5, 6]])

    assert shown.slot("Matrix").value_json() == b"[[1,2,3],[4,5,6]]"
    assert resolve(shown.tree(), ("Matrix", 1, 2))["value"] == "6"


def test_a_structure_fills_the_elements_that_are_called_as_its_fields(hub: LiveHub) -> None:
    element = Shown(hub, "Tool").show(DRILL)

    values = value_only(element, *USUAL)
    assert values == {
        "Name": "Drill",
        "Unit": "mm",
        "Manual": {"contentType": "application/pdf"},
        "Life": 0.5,
        "Offset": {"Length": 1.0, "Width": 2.0},
        "Remark": [{"de": "neu"}],
    }
    assert resolve({**TREE, "submodelElements": [element]}, ("Tool", "Life"))["semanticId"]


def test_absent_members_are_not_there_and_come_back(hub: LiveHub) -> None:
    shown = Shown(hub, "Tool")

    element = shown.show({**DRILL, "Life": ABSENT, "Offset": ABSENT})
    assert [each["idShort"] for each in element["value"]] == ["Name", "Unit", "Manual", "Remark"]

    element = shown.show(DRILL)
    assert [each["idShort"] for each in element["value"]] == [
        each["idShort"] for each in TOOL["value"]
    ]


def test_a_range_shows_both_bounds_and_a_blob_its_bytes_to_those_who_ask(hub: LiveHub) -> None:
    limits, image = Shown(hub, "Limits"), Shown(hub, "Image")

    assert limits.show({"min": -1.5, "max": float("inf")})["max"] == "INF"
    assert limits.slot("Limits").value_json() == b'{"min":-1.5,"max":"INF"}'
    assert image.show("R0lG")["value"] == "R0lG"
    slot = image.slot("Image")
    assert slot.value_json() == b'{"contentType":"image/gif"}'
    whole = slot.value_view(("Image",), Level.DEEP, Extent.WITH_BLOB_VALUE)
    assert msgspec.json.decode(whole) == {"contentType": "image/gif", "value": "R0lG"}
    assert b"R0lG" not in slot.element_view(*USUAL)


def test_value_qualifiers_stand_on_the_element_itself_and_on_nothing_below(hub: LiveHub) -> None:
    element = Shown(hub, "Tools").show([DRILL, DRILL])

    assert [each["type"] for each in element["qualifiers"]] == [
        "quality",
        "statusCode",
        "sourceTimestamp",
        "receivedTimestamp",
    ]
    assert b"qualifiers" not in msgspec.json.encode(element["value"])


def test_a_bad_value_leaves_the_last_usable_one_with_its_structure(hub: LiveHub) -> None:
    shown = Shown(hub, "Numbers")
    shown.show([1.0, 2.0])

    hub.apply([(shown.point, LiveValue(None, Quality.BAD, BAD_SENSOR_FAILURE, None, START))])

    assert [each["value"] for each in shown.element()["value"]] == ["1.0", "2.0"]
    assert shown.element()["qualifiers"][0]["value"] == "bad"


def test_before_the_first_value_the_stored_element_is_shown_as_uncertain(hub: LiveHub) -> None:
    shown = Shown(hub, "Limits")

    assert shown.element()["min"] == "0"
    assert shown.element()["qualifiers"][0]["value"] == "uncertain"
    assert shown.slot("Limits").value_json() == b'{"min":0.0}'


def test_what_stands_below_is_read_from_the_whole(hub: LiveHub) -> None:
    shown = Shown(hub, "Tools")
    shown.show([DRILL, {**DRILL, "Name": "Mill"}])

    slot = shown.slot("Tools", 1, "Name")
    assert slot is shown.slot("Tools")
    assert slot.value_view(("Tools", 1, "Name"), *USUAL) == b'"Mill"'
    with pytest.raises(NotFound, match=r"Tools\[2\]"):
        slot.value_view(("Tools", 2, "Name"), *USUAL)
    assert shown.overlay.slot_of(("Plain",)) is None


def test_the_tag_of_an_element_below_is_that_of_the_stored_one_or_of_the_whole(
    hub: LiveHub,
) -> None:
    shown = Shown(hub, "Tools")
    shown.show([DRILL, DRILL])
    slot = shown.slot("Tools")

    tags = [slot.tag(path) for path in (("Tools",), ("Tools", 0), ("Tools", 1))]
    assert tags[0] == tags[2] == slot.stored_tag
    assert tags[1] != tags[0]


@pytest.mark.parametrize(("first", "second"), [("Tool", "Tool.Name"), ("Tool.Name", "Tool")])
def test_an_element_is_fed_by_one_source_alone_or_as_part_of_a_whole(
    hub: LiveHub, first: str, second: str
) -> None:
    one, other = (resolve_sink(TREE, tuple(path.split("."))) for path in (first, second))
    point = hub.register(one)
    with pytest.raises(Conflict, match="another binding already feeds"):
        hub.register(other)

    hub.unregister([point])
    hub.register(other)
    with pytest.raises(Conflict, match="another binding already feeds"):
        hub.register(one)


class Writer:
    """Takes whole values, and items of lists, and remembers them."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    async def write(self, _point: LivePoint, value: Any) -> None:
        self.written.append(value)

    async def write_item(self, _point: LivePoint, index: int, value: Any) -> None:
        self.written.append((index, value))


async def test_below_a_composite_only_one_item_of_a_list_is_written_alone(hub: LiveHub) -> None:
    writer = Writer()
    numbers = hub.register(resolve_sink(TREE, ("Numbers",)), writer)
    tools = hub.register(resolve_sink(TREE, ("Tools",)), writer)

    await hub.write_below(numbers, ("Numbers", 1), 2.5)
    assert writer.written == [(1, 2.5)]
    with pytest.raises(Forbidden, match=r"write \$value of Tools"):
        await hub.write_below(tools, ("Tools", 0, "Name"), "x")


@pytest.mark.parametrize(
    ("element", "told"),
    [
        ({"modelType": "Capability"}, "a Capability cannot take"),
        (collection("Empty"), "no elements that a machine can feed"),
        (list_of("List", "SubmodelElementCollection"), "no item that shows what"),
        (list_of("List", "File"), "a File cannot take"),
        (list_of("List", "SubmodelElementList"), "no item that shows what"),
    ],
)
def test_what_nothing_describes_can_take_no_value(element: Node, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        shape_of(element, ("There",))


def test_a_read_that_is_written_back_takes_nothing_from_the_stored_element() -> None:
    shape = shape_of(TOOLS, ("Tools",))
    for value in ([], [{**DRILL, "Life": ABSENT, "Offset": ABSENT}]):
        read = filled(TOOLS, shape, value)

        stored = kept(read, TOOLS, shape, value)

        assert shape_of(stored, ("Tools",)) == shape
        names = [each["idShort"] for each in stored["value"][0]["value"]]
        assert names == [each["idShort"] for each in TOOL["value"]]


def test_an_element_that_a_client_takes_out_is_not_put_back() -> None:
    shape = shape_of(TOOL, ("Tool",))
    written = {**TOOL, "value": TOOL["value"][1:]}

    assert shape_of(kept(written, TOOL, shape, DRILL), ("Tool",)) != shape


scalars = {
    "xs:double": st.floats(),
    "xs:int": st.integers(-(2**31), 2**31 - 1),
    "xs:boolean": st.booleans(),
    "xs:string": st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=20),
}
shapes = st.recursive(
    st.sampled_from([Shape("Property", each) for each in scalars])
    | st.just(Shape("Range", "xs:double"))
    | st.just(Shape("Blob", content_type="image/gif"))
    | st.just(Shape("MultiLanguageProperty")),
    lambda inner: (
        st.builds(lambda item: Shape("SubmodelElementList", item=item), inner)
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda members: Shape(
                "SubmodelElementCollection",
                members=tuple((f"M{index}", each) for index, each in enumerate(members)),
            )
        )
    ),
    max_leaves=8,
)


def element_of(shape: Shape, id_short: str | None = None) -> Node:
    """A stored element of that shape."""
    named = {} if id_short is None else {"idShort": id_short}
    if shape.item is not None:
        item = element_of(shape.item)
        return list_of(id_short, item["modelType"], item)
    if shape.members:
        return collection(id_short, *(element_of(each, name) for name, each in shape.members))
    element = {"modelType": shape.model_type, **named}
    element |= {} if shape.value_type is None else {"valueType": shape.value_type}
    return element | ({"contentType": shape.content_type} if shape.content_type else {})


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.item is not None:
        return st.lists(values_of(shape.item), max_size=3)
    if shape.members:
        return st.fixed_dictionaries(
            {name: values_of(each) | st.just(ABSENT) for name, each in shape.members}
        )
    if shape.model_type == "Range":
        return st.fixed_dictionaries({"min": st.floats(), "max": st.floats() | st.none()})
    if shape.model_type == "Blob":
        return st.sampled_from(["", "AA==", "AP8="])
    if shape.model_type == "MultiLanguageProperty":
        return st.just([{"language": "en", "text": "x"}])
    return scalars[shape.value_type or ""]


@given(st.data(), shapes)
def test_a_value_of_any_shape_is_shown_kept_and_shown_again(data: Any, shape: Shape) -> None:
    element = element_of(shape, "There")
    tree = {"modelType": "Submodel", "id": "urn:ex", "submodelElements": [element]}
    before = copy.deepcopy(tree)
    hub = LiveHub(FakeClock())
    sink = resolve_sink(tree, ("There",))
    point = hub.register(sink)
    group = hub.group("urn:ex")
    assert group is not None
    assert shape_of(element, ("There",)) == shape
    overlay = LiveOverlay(tree, group)
    value = data.draw(values_of(shape))
    hub.apply([(point, good(value))])

    body = overlay.body()
    slot = overlay.slot(("There",))
    if not isinstance(slot, CompositeSlot):
        return  # A Property by itself: test_overlay has it.
    shown = msgspec.json.decode(body)["submodelElements"][0]
    assert msgspec.json.encode(value_only(shown, *USUAL)) == slot.value_json()
    assert msgspec.json.encode(slot.node()) == slot.element_json()
    for extent in Extent:
        view = slot.element_view(Level.DEEP, extent)
        assert view == msgspec.json.encode(normal(shown, Level.DEEP, extent))
    assert tree == before

    again = decode_record(sink, encode_record(sink, good(value)))
    hub.apply([(point, again)])
    assert overlay.body() == body


@given(st.data(), shapes)
def test_records_are_for_one_shape_only(data: Any, shape: Shape) -> None:
    tree = {
        "modelType": "Submodel",
        "id": "urn:ex",
        "submodelElements": [element_of(shape, "There"), collection("Other", prop("Own"))],
    }
    sink, other = (resolve_sink(tree, (name,)) for name in ("There", "Other"))
    body = encode_record(sink, good(data.draw(values_of(shape).filter(lambda v: v is not None))))

    with pytest.raises(ValueError, match="when its value was kept"):
        decode_record(other, body)
