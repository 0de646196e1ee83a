"""The status tells where the thresholds come from, and how far a calibration is."""

from pathlib import Path

from app.llm.scripted import ScriptedChatModel
from app.services.calibration.texts import texts
from tests.api.sse import ask
from tests.application import RunningApi, running_api
from tests.services.calibration.understanding import Understanding


def test_without_thresholds(api: RunningApi) -> None:
    status = api.http.get("/api/status").json()
    assert status["calibration"] == {
        "source": "nowhere",
        "dense_weight": 0.8,
        "answerable_from": {},
        "growth": 0.028,
        "made_on": None,
        "progress": None,
    }


def test_a_new_embedder_is_calibrated_behind_the_start(tmp_path: Path) -> None:
    weights = tmp_path / "models" / "placed" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    model = ScriptedChatModel()
    with running_api(
        tmp_path / "data", embedder=Understanding(), model=model, models_dir=tmp_path / "models"
    ) as api:
        while api.application.calibrator.needed:
            assert api.http.get("/api/status").status_code == 200
        calibration = api.http.get("/api/status").json()["calibration"]
        assert calibration["source"] == "calibration"
        assert set(calibration["answerable_from"]) == {"zh", "en"}
        part = next(
            part
            for part in api.http.get("/api/status").json()["components"]
            if part["name"] == "embedder"
        )
        assert part["ok"]
        assert part["detail"].startswith("placed (calibrated on ")
        assert part["facts"] == {"calibrated": 1}
        text, another = texts("zh")[:2]
        base = api.ingest("库", {"a.md": f"# {text.title}\n\n{text.text}"})
        message = ask(api.http, another.questions[0], base)["done"][0]["message"]
        assert message["finish_reason"] == "no_sources"
        assert model.history == []
