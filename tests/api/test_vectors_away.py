"""What people are told while the server that searches vectors is away."""

import pytest

from app.api.problems import problem_of
from app.services.library.vector_stores import StoreBusy
from vectorstore import EngineFailed


@pytest.mark.parametrize("kind", [EngineFailed, StoreBusy])
def test_addresses_are_for_the_log_alone(
    kind: type[EngineFailed], caplog: pytest.LogCaptureFixture
) -> None:
    problem = problem_of(kind("Milvus at http://10.0.0.7:19530 failed"))
    assert (problem.status, problem.code) == (503, "vectors_unavailable")
    assert "10.0.0.7" not in problem.model_dump_json()
    assert "10.0.0.7" in caplog.text
