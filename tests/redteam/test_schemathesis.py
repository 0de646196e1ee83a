"""Requests made from the API's own description, valid and not: none ends in an error 500.

https://schemathesis.readthedocs.io; the same examples each time.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.api.people.house import PASSWORD, House
from tests.api.people.policy import ROUTES
from tests.application import running_api
from tests.passwords import cheap_passwords

EXAMPLES = 3  # of each route, mode and caller
CALLERS = ("nobody", "key", "administrator")
FEW = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    headers: dict[str, dict[str, str]]  # by caller
    schema: OpenApiSchema


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("schemathesis")
    with running_api(folder, auth="password", passwords=cheap_passwords()) as api:
        house = House(api)
        admin = house.person("boss", admin=True)
        key = {"name": "k", "scopes": ["ask", "read", "write", "export"], "base_ids": None}
        token = admin.post("/api/keys", json={**key, "password": PASSWORD}).json()["token"]
        headers = {
            "nobody": {},
            "key": {"Authorization": f"Bearer {token}"},
            "administrator": {"Cookie": f"zhiwen_session={admin.cookies['zhiwen_session']}"},
        }
        described = api.http.get("/openapi.json").json()
        yield Service(api.url, headers, schemathesis.openapi.from_dict(described))


@pytest.mark.parametrize(
    "caller, mode",
    [
        (caller, mode)
        for caller in CALLERS
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ],
    ids=lambda given: given if isinstance(given, str) else given.value,
)
def test_no_request_ends_in_an_internal_error(
    service: Service, caller: str, mode: GenerationMode
) -> None:
    failed: dict[str, int] = {}
    tried = 0
    for found in service.schema.get_all_operations():
        operation = found.ok()
        needs = ROUTES.get(operation.label, ("", None))[0]
        as_a_key = caller == "administrator" and needs not in {"admin", "signed in"}
        if as_a_key and mode is GenerationMode.NEGATIVE:  # takes five times as long to make
            continue

        @FEW
        @given(operation.as_strategy(mode))
        def call(case: Case) -> None:
            nonlocal tried
            tried += 1
            answer = case.call(base_url=service.url, headers=service.headers[caller])
            if answer.status_code in (500, 502):
                failed[f"{case.as_curl_command()}: {answer.text}"] = answer.status_code

        try:
            with warnings.catch_warnings(action="ignore"):
                call()
        except Exception as error:  # a route without anything to make invalid
            if "Unsatisfiable" not in type(error).__name__:
                raise
    assert tried > 60
    assert not failed
