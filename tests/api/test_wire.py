"""Errors, names and shapes on the wire."""

import pytest

from tests.application import RunningApi


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/bases/x"),
        ("DELETE", "/api/bases/x"),
        ("GET", "/api/documents/x"),
        ("GET", "/api/documents/x/text"),
        ("GET", "/api/documents/x/file"),
        ("POST", "/api/documents/x/retry"),
        ("GET", "/api/jobs/x"),
        ("GET", "/api/messages/x"),
        ("GET", "/api/messages/x/events"),
        ("POST", "/api/messages/x/stop"),
        ("DELETE", "/api/messages/x/feedback"),
        ("GET", "/api/conversations/x"),
        ("DELETE", "/api/conversations/x"),
        ("GET", "/nowhere"),
    ],
)
def test_an_unknown_id_is_a_404_problem(api: RunningApi, method: str, path: str) -> None:
    answer = api.http.request(method, path)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["instance"] == path
    assert problem["detail"]


def test_names_of_bases_are_unique(api: RunningApi) -> None:
    assert api.http.post("/api/bases", json={"name": "库"}).status_code == 201
    taken = api.http.post("/api/bases", json={"name": " 库 "})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
    other = api.http.post("/api/bases", json={"name": "其他"}).json()
    renamed = api.http.patch(f"/api/bases/{other['id']}", json={"name": "库"})
    assert renamed.status_code == 409
    described = api.http.patch(f"/api/bases/{other['id']}", json={"description": "新的"})
    assert described.json()["description"] == "新的"
    assert [base["name"] for base in api.http.get("/api/bases").json()] == ["其他", "库"]


def test_a_blank_name_is_refused(api: RunningApi) -> None:
    assert api.http.post("/api/bases", json={"name": "  "}).status_code == 422


def test_health_status_and_metrics(api: RunningApi) -> None:
    assert api.http.get("/healthz").json() == {"status": "ok"}
    assert api.http.get("/readyz").status_code == 200
    status = api.http.get("/api/status").json()
    components = {c["name"]: c for c in status["components"]}
    assert components["database"]["ok"] and components["engine"]["ok"]
    assert not components["worker"]["ok"]  # none runs in this test
    assert "zhiwen worker" in components["worker"]["detail"]
    api.http.get("/api/bases/x")
    metrics = api.http.get("/metrics").text
    labels = '{method="GET",route="/api/bases/{base_id}",status="404"}'
    assert f"zhiwen_http_requests_total{labels}" in metrics


def test_the_description_of_the_api_is_served(api: RunningApi) -> None:
    paths = api.http.get("/openapi.json").json()["paths"]
    assert {"/api/chat", "/api/search", "/v1/chat/completions", "/api/export"} <= set(paths)
    assert api.http.get("/docs").status_code == 200
