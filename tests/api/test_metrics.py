from __future__ import annotations

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from aas_server.api.metrics import BUCKETS, RequestMetrics
from tests.api.documents import API, SHELL, TYPES

COUNTER = "aas_http_requests_total"
LATENCY = "aas_http_request_duration_seconds"


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    text = (await client.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_operation_and_class(client: httpx.AsyncClient):
    for path in ("/shells", "/shells", "/shells?limit=0", f"/shells/{TYPES}", f"/shells/{SHELL}"):
        await client.get(API + path)
    await client.get("/api/v3/nothing")
    await client.post(f"{API}/shells")
    await client.get("/health")
    found = await samples(client)
    assert found[COUNTER, "GetAllAssetAdministrationShells", "2xx"] == 2
    assert found[COUNTER, "GetAllAssetAdministrationShells", "4xx"] == 1
    assert found[COUNTER, "GetAssetAdministrationShellById_AasRepository", "4xx"] == 1
    assert found[COUNTER, "GetAssetAdministrationShellById_AasRepository", "2xx"] == 1
    assert found[COUNTER, "PostAssetAdministrationShell", "4xx"] == 1
    assert found[COUNTER, "none", "4xx"] == 1
    assert found[COUNTER, "pages", "2xx"] == 1
    assert found[f"{LATENCY}_count", "GetAllAssetAdministrationShells"] == 3


async def test_operations_that_nobody_used_are_left_out(client: httpx.AsyncClient):
    assert not [name for name in await samples(client) if name[0].startswith("aas_http")]


def test_latencies_fall_into_cumulative_buckets():
    metrics = RequestMetrics()
    series = metrics.series("Read")
    for seconds in (0.0, BUCKETS[0], BUCKETS[0] * 1.01, 99.0):
        series.observe(200, seconds)
    registry = CollectorRegistry()
    registry.register(metrics)

    def bucket(bound: str) -> float | None:
        return registry.get_sample_value(f"{LATENCY}_bucket", {"operation": "Read", "le": bound})

    assert bucket(str(BUCKETS[0])) == 2
    assert bucket(str(BUCKETS[1])) == 3
    assert bucket(str(BUCKETS[-1])) == 3
    assert bucket("+Inf") == 4
    assert registry.get_sample_value(f"{LATENCY}_sum", {"operation": "Read"}) == pytest.approx(
        99.0 + BUCKETS[0] * 2.01
    )


def test_a_series_is_made_once():
    metrics = RequestMetrics()
    assert metrics.series("Read") is metrics.series("Read")


def test_two_servers_cannot_share_a_registry_by_mistake():
    registry = CollectorRegistry()
    registry.register(RequestMetrics())
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(RequestMetrics())
