"""The status page against the stand-in."""

from streamlit.testing.v1 import AppTest

from tests.ui.stand_in.engines import two_engines
from tests.ui.stand_in.service import Application, now
from tests.ui.test_pages import ZH, go, said


def test_the_status_page_says_what_is_down(app: AppTest, application: Application) -> None:
    go(app, "status")
    assert app.success[0].value == ZH["status.all"]
    assert "剩余 43.9 GB" in said(app)
    assert "free" not in said(app)
    application.engine_down_since = now()
    app.run()
    assert ZH["help.engine"] in said(app)


def test_the_status_page_says_why_the_embedder_is_not_loaded(
    app: AppTest, application: Application
) -> None:
    application.embedder_error = "It could not be loaded (OSError: model.safetensors is truncated)."
    go(app, "status")
    assert "is truncated" in said(app)
    assert ZH["help.embedder_failed"] in said(app)
    assert ZH["help.embedder"] not in said(app)


def test_the_status_page_shows_each_engine_and_what_to_do(
    app: AppTest, application: Application
) -> None:
    application.engines = two_engines(down_since=now())
    go(app, "status")
    assert not app.exception
    assert ZH["status.some"].format(n=1) in [w.value for w in app.warning]
    assert ZH["help.engine_gone"] in said(app)
    assert "All connection attempts failed" in said(app)
    application.engines = two_engines()
    app.run()
    assert app.success[0].value == ZH["status.all"]
    assert ZH["help.engine_gone"] not in said(app)
