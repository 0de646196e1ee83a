"""A thinking model in the interface: live, folded, cut short, and its switch."""

from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE_S
from tests.ui.conftest import client_for, until
from tests.ui.stand_in.engines import two_engines
from tests.ui.stand_in.service import Application
from tests.ui.test_pages import answers, said, settle
from ui.client.watch import ask, follow
from ui.words.texts import words

ZH = words("zh")
THOUGHT = "资料[1]说十天。\n所以是十天。"


def boxes(at: AppTest) -> dict[str, bool]:
    """Labels of the folds on the page, and whether they are open."""
    return {box.label: box.proto.expanded for box in at.expander}


def switch(at: AppTest) -> bool | None:
    return next((t.value for t in at.toggle if t.label == ZH["thought.switch"]), None)


def think(at: AppTest) -> AppTest:
    next(t for t in at.toggle if t.label == ZH["thought.switch"]).set_value(True)
    return at.run()


def test_there_is_a_switch_only_where_the_model_has_one(
    app: AppTest, application: Application
) -> None:
    assert switch(app) is None
    app.chat_input(key="question").set_value("年假多少天？").run()
    assert application.asked[-1].thinking is None
    settle(app, application)
    application.thought = THOUGHT
    assert switch(app.run()) is False
    app.chat_input(key="question").set_value("年假多少天？").run()
    assert application.asked[-1].thinking is False
    settle(app, application)
    assert ZH["thought.label"] not in "".join(boxes(app))


def test_the_switch_follows_the_chosen_model(app: AppTest, application: Application) -> None:
    application.engines = two_engines()
    application.engines[1].thinking, application.engines[1].thinks_by_default = "template", True
    app.run()
    assert switch(app) is True  # auto may choose it
    model = next(box for box in app.selectbox if box.label == ZH["picker.model"])
    model.set_value(application.engines[0].name).run()
    assert switch(app) is None


def test_a_thought_is_open_while_it_comes_and_folded_afterwards(
    app: AppTest, application: Application
) -> None:
    application.thought, application.delta_s = THOUGHT, 0.3
    think(app.run())
    app.chat_input(key="question").set_value("年假多少天？").run()
    message = application.messages[answers(application)[0]]
    until(lambda: bool(message.thought))
    until(lambda: boxes(app.run()).get(f":shimmer[{ZH['thought.running']}]") is True)
    assert not message.content
    application.delta_s = 0.0
    settle(app, application)
    assert boxes(app)[ZH["thought.took"].format(s=12)] is False
    assert "所以是十天" in said(app)
    assert r"资料\[1\]说" in said(app)  # never a link to a source
    assert application.asked[-1].thinking is True


def test_a_model_that_only_thought_says_so(app: AppTest, application: Application) -> None:
    application.thought, application.only_thinks = THOUGHT, True
    think(app.run())
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    assert ZH["thought.only_cut"] in said(app)
    assert ZH["thought.took"].format(s=12) in boxes(app)
    assert not any(button.key.startswith("copy") for button in app.button)


def test_every_watch_hears_the_thought(api_url: str, application: Application) -> None:
    application.thought, application.delta_s = THOUGHT, 0.05
    client = client_for(api_url)
    base_ids = [next(iter(application.bases))]
    first = ask(client, {"question": "年假多少天？", "base_ids": base_ids, "thinking": True})
    until(lambda: len(first.thought) > 3)
    second = follow(client, first.answer_id)
    assert first.finished.wait(PATIENCE_S) and second.finished.wait(PATIENCE_S)
    assert first.thought == second.thought == THOUGHT
    assert first.final is not None
    assert first.text == first.final["content"]
