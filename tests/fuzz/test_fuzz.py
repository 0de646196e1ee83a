import time

import pytest

from tests.fuzz.corpus import corpus
from tests.fuzz.run import cases, fuzz


def test_damaged_files_end_in_a_document_or_a_reason() -> None:
    found = fuzz(150, seed=7, picture_share=0)
    assert found.outcomes.total() == 150
    assert found.service_crashes == [] and found.hangs == []
    assert [fault for fault in found.faults if not fault.endswith("crashed")] == []
    assert found.outcomes["read"] and found.outcomes["broken"]


def test_a_seed_gives_the_same_files_and_they_are_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    once = list(cases(40, 3, picture_share=0.2))
    later = time.time() + 1000
    monkeypatch.setattr(time, "time", lambda: later)
    assert once == list(cases(40, 3, picture_share=0.2))
    assert sum(data != corpus()[name] for _, name, data in once) > 35
