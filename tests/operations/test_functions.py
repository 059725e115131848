from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.operations import functions
from aas_server.operations.functions import FunctionExecutors
from aas_server.operations.job import JobRefused, JobState
from aas_server.operations.plugin import (
    OperationCall,
    OperationFailed,
    OperationOutcome,
    PluginOperation,
    operation,
)
from aas_server.operations.service import OperationResult, OperationService
from tests.operations.conftest import NewService
from tests.operations.documents import SEMANTIC_ID, SUBMODEL_ID

BODY = {"inputArguments": {"Program": "P1", "Quantity": 3}, "inoutputArguments": {"Counter": 7}}
ELEMENT = f"{SUBMODEL_ID}/StartJob"


async def invoke(
    service: OperationService, path: str = "StartJob", body: Any = BODY
) -> OperationResult:
    return await service.invoke(SUBMODEL_ID, (path,), body, value_only=True, actor="test")


async def test_a_plain_function_runs_in_a_thread_of_its_own(new_service: NewService) -> None:
    @operation(element=ELEMENT)
    def start(call: OperationCall) -> dict[str, Any]:
        assert threading.current_thread() is not threading.main_thread()
        return {"JobNumber": call.values["Quantity"] * 2}

    result = await invoke(new_service(functions=FunctionExecutors([start])))
    assert (result.state, result.outputs[0]["value"]) == (JobState.COMPLETED, "6")


async def test_a_coroutine_function_runs_in_the_event_loop(new_service: NewService) -> None:
    @operation(element=ELEMENT)
    async def start(_call: OperationCall) -> OperationOutcome:
        assert threading.current_thread() is threading.main_thread()
        return OperationOutcome(values={"JobNumber": 1}, success=False)

    result = await invoke(new_service(functions=FunctionExecutors([start])))
    assert (result.state, result.success) == (JobState.COMPLETED, False)


async def test_a_function_for_an_element_comes_before_one_for_its_meaning(
    new_service: NewService,
) -> None:
    called: list[str] = []

    @operation(semantic_id=SEMANTIC_ID)
    def by_meaning(_call: OperationCall) -> None:
        called.append("meaning")

    @operation(element=f"{SUBMODEL_ID}/Mix")
    def by_element(_call: OperationCall) -> None:
        called.append("element")

    body = {"inputArguments": {"Recipe": {"Name": "x"}, "Steps": [1], "Window": {"min": 1},
                               "Title": [{"en": "t"}]}}  # fmt: skip
    await invoke(new_service(functions=FunctionExecutors([by_meaning])), "Mix", body)
    both = FunctionExecutors([by_meaning, by_element])
    await invoke(new_service(functions=both), "Mix", body)
    assert called == ["meaning", "element"]


async def test_a_function_tells_that_it_did_not_succeed(new_service: NewService) -> None:
    @operation(element=ELEMENT)
    def start(_call: OperationCall) -> None:
        raise OperationFailed("the door is open")

    result = await invoke(new_service(functions=FunctionExecutors([start])))
    assert (result.state, result.messages[0].text) == (JobState.FAILED, "the door is open")


async def test_a_function_that_returns_something_else_is_a_defect(new_service: NewService) -> None:
    @operation(element=ELEMENT)
    def start(_call: OperationCall) -> int:
        return 5

    with pytest.raises(TypeError, match="returned int"):
        await invoke(new_service(functions=FunctionExecutors([start])))


async def test_a_thread_that_does_not_end_holds_up_nobody_but_counts(
    new_service: NewService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions, "MAX_THREADS", 1)
    release, ended = threading.Event(), threading.Event()

    @operation(element=ELEMENT)
    def start(_call: OperationCall) -> dict[str, Any]:
        release.wait(30)
        ended.set()
        return {"JobNumber": 1}

    executors = FunctionExecutors([start])
    service = new_service(functions=executors, timeout=0.05)
    assert (await invoke(service)).state is JobState.TIMEOUT
    with pytest.raises(JobRefused, match="1 functions"):
        await invoke(service)
    release.set()
    assert ended.wait(30)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with one good and two broken entry points."""
    (tmp_path / "plant_plugin.py").write_text(
        "from aas_server.operations.plugin import operation\n"
        f"@operation(element={ELEMENT!r})\n"
        "def start(call):\n"
        "    return {'JobNumber': 99}\n"
        "def undecorated(call): ...\n"
        "OTHERS = [undecorated]\n"
    )
    info = tmp_path / "plant_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plant-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[aas_server.operations]\n"
        "a-broken = plant_plugin:missing\n"
        "b-wrong = plant_plugin:OTHERS\n"
        "good = plant_plugin:start\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("plant_plugin", None)


@pytest.mark.usefixtures("plugins")
async def test_installed_plugins_are_found_and_broken_ones_left_out(
    new_service: NewService,
) -> None:
    result = await invoke(new_service(functions=FunctionExecutors.load()))
    assert result.outputs[0]["value"] == "99"


def test_a_function_is_for_one_thing_only() -> None:
    with pytest.raises(TypeError, match="one of"):
        operation()(print)
    with pytest.raises(TypeError, match="one of"):
        PluginOperation(print, semantic_id="a", element="b")
