"""The settings page against the stand-in."""

from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, go, labels, said
from tests.ui.stand_in.service import Application


def save(app: AppTest, place: int = 0) -> AppTest:
    return [b for b in app.button if b.label == ZH["action.save"]][place].click().run()


def test_a_limit_is_changed_alone(app: AppTest, application: Application) -> None:
    go(app, "settings")
    assert not app.exception
    app.number_input(key="setting-daily_requests-0").set_value(200)
    save(app, 1)
    assert application.operating.changed == {"daily_requests": 200}
    assert app.number_input(key="setting-daily_requests-200").value == 200


def test_keeping_shorter_is_asked_before_anything_is_lost(
    app: AppTest, application: Application
) -> None:
    go(app, "settings")
    app.number_input(key="setting-keep_conversations_days-0").set_value(30)
    save(app)
    assert application.operating.changed == {}
    assert ZH["settings.shorten_keep_conversations_days"].format(n=30) in said(app)
    app.button(key="delete_older-sure").click().run()
    assert application.operating.changed == {"keep_conversations_days": 30}
    application.operating.changed.clear()
    app.number_input(key="setting-keep_conversations_days-30").set_value(90)
    save(app)  # longer loses nothing
    assert application.operating.changed == {"keep_conversations_days": 90}


def test_what_the_operator_has_fixed_says_by_what(app: AppTest, application: Application) -> None:
    for each in application.operating.settings.settings:
        each.fixed = True
    go(app, "settings")
    assert all(number.disabled for number in app.number_input)
    variable = "ZHIWEN_keep_conversations_days"
    assert ZH["settings.fixed"].format(variable=variable) in said(app)


def test_without_a_login_there_is_nothing_about_keys_and_audit(app: AppTest) -> None:
    go(app, "settings")
    named = {number.key for number in app.number_input}
    assert named == {
        f"setting-{name}-0"
        for name in ("keep_conversations_days", "daily_requests", "daily_tokens")
    }


def test_the_better_model_is_chosen_and_the_restart_is_said(
    app: AppTest, application: Application
) -> None:
    go(app, "settings")
    app.button(key="preset-choose-better").click().run()
    assert [preset.chosen for preset in application.operating.settings.presets] == [False, True]
    assert ZH["preset.restart"] in said(app)
    application.operating.settings.presets[0].here = False
    app.run()
    assert app.button(key="preset-choose-fast").label == ZH["preset.choose_download"]
    assert ZH["preset.download"].format(mb="1,000") in said(app)
    application.operating.settings.presets[0].can_download = False
    app.run()
    assert "preset-choose-fast" not in {button.key for button in app.button}
    assert "zhiwen models use model-fast" in [code.value for code in app.code]


def test_a_download_shows_how_far_it_is_and_why_it_failed(
    app: AppTest, application: Application
) -> None:
    better = application.operating.settings.presets[1]
    better.here, better.percent = False, 42
    go(app, "settings")
    assert not app.exception
    assert "preset-choose-better" not in {button.key for button in app.button}
    better.percent, better.error, better.error_code = None, "no source", "download_failed"
    app.run()
    why = ZH["refusal.download_failed"]
    assert [each.value for each in app.error] == [ZH["preset.download_failed"].format(why=why)]
    assert "no source" in [each.value for each in app.code]


def test_models_of_the_operator_are_only_named(app: AppTest, application: Application) -> None:
    application.operating.settings.presets = []
    go(app, "settings")
    assert ZH["settings.model_fixed"].format(models="model\\-fast") in said(app)


def test_a_calibration_is_started_where_it_is_missing(
    app: AppTest, application: Application
) -> None:
    application.operating.settings.calibration.source = "nowhere"
    application.operating.settings.calibration.error = "MemoryError"
    application.operating.settings.calibration.error_code = "internal"
    go(app, "settings")
    assert ZH["calibration.failed"].format(why=ZH["refusal.internal"]) in said(app)
    app.button(key="calibrate").click().run()
    assert ZH["calibration.start"] not in labels(app)
