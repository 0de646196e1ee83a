"""A judgement is about the answer it was opened for, whatever is shown meanwhile."""

from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest

from tests.ui.pages import ZH, answers, go, said, settle
from tests.ui.stand_in.service import Application, new_id
from ui.safe_markdown import plain


def rated_down(app: AppTest, application: Application) -> str:
    """Asks, rates the answer 👎 with a correction, closes the form. Returns the answer's id."""
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    (answer_id,) = answers(application)
    app.feedback(key=f"thumbs-{answer_id}").set_value(0).run()
    app.text_area(key=f"feedback-correction-{answer_id}").set_value("满一年十天。").run()
    app.button(key="feedback-done").click().run()
    return answer_id


def corrections(application: Application) -> list[str | None]:
    """Of each answer, None where it was not rated."""
    given = (application.messages[answer_id].feedback for answer_id in answers(application))
    return [feedback.correction if feedback else None for feedback in given]


def test_thumbs_of_a_variant_that_is_gone_open_no_form_and_lose_no_words(
    app: AppTest, application: Application
) -> None:
    first = rated_down(app, application)
    thumbs = app.feedback(key=f"thumbs-{first}")
    app.button(key=f"again-{first}").click().run()
    settle(app, application)
    thumbs.set_value(0).run()  # the page as the browser still had it
    assert len(app.text_area) == 0
    assert corrections(application) == ["满一年十天。", None]


def test_writing_anew_closes_a_form_whose_own_closing_got_lost(
    app: AppTest, application: Application
) -> None:
    first = rated_down(app, application)
    app.button(key=f"rate-{first}").click().run()
    assert len(app.text_area) > 0
    app.button(key=f"again-{first}").click().run()
    settle(app, application)
    assert len(app.text_area) == 0


def test_a_form_opened_for_a_new_variant_starts_empty_and_saves_to_it(
    app: AppTest, application: Application
) -> None:
    first = rated_down(app, application)
    app.button(key=f"again-{first}").click().run()
    settle(app, application)
    assert len(app.text_area) == 0
    second = answers(application)[1]
    assert app.feedback(key=f"thumbs-{second}").value is None
    app.feedback(key=f"thumbs-{second}").set_value(0).run()
    field = app.text_area(key=f"feedback-correction-{second}")
    assert field.value == ""
    field.set_value("满三年十五天。").run()
    assert corrections(application) == ["满一年十天。", "满三年十五天。"]


def test_review_opens_the_variant_that_was_rated(app: AppTest, application: Application) -> None:
    first = rated_down(app, application)
    app.button(key=f"again-{first}").click().run()
    settle(app, application)
    assert "2/2" in said(app)
    go(app, "review")
    links = [parse_qs(link.proto.query_string) for link in app.get("page_link")]
    (link,) = (link for link in links if "a" in link)
    go(app, "chat")
    app.query_params.update({name: values[0] for name, values in link.items()})
    app.run()
    assert "1/2" in said(app)
    assert app.feedback(key=f"thumbs-{first}").value == 0


def test_what_was_not_kept_stays_in_the_open_form(app: AppTest, application: Application) -> None:
    answer_id = rated_down(app, application)
    app.button(key=f"rate-{answer_id}").click().run()
    application.full = True
    words = app.text_area(key=f"feedback-correction-{answer_id}").set_value("满两年十二天。")
    app.button(key="feedback-done").click().run()
    assert words.key in {area.key for area in app.text_area}
    assert ZH["refusal.disk_full"] in app.toast[-1].value
    application.full = False
    app.button(key="feedback-done").click().run()
    assert len(app.text_area) == 0
    assert corrections(application) == ["满两年十二天。"]


def test_another_filter_begins_with_its_first_page(app: AppTest, application: Application) -> None:
    rated_down(app, application)
    asked, answer = application.messages.values()
    assert answer.feedback is not None
    for _ in range(20):
        id_ = new_id()
        feedback = answer.feedback.model_copy(update={"message_id": id_, "rating": "up"})
        more = {"id": id_, "feedback": feedback, "content": f"第{id_}条"}
        application.messages[id_] = answer.model_copy(update=more)
    go(app, "review")
    app.pagination[0].set_value(3).run()
    assert id_ in said(app)
    app.query_params["rating"] = "down"
    app.run()
    assert plain(asked.content) in said(app)
    app.query_params["rating"] = "up"
    app.run()
    assert len(app.pagination) == 1 and id_ not in said(app)
    app.pagination[0].set_value(2).run()
    assert id_ in said(app)
    for feedback_of in list(application.messages.values())[-12:]:
        feedback_of.feedback = None
    app.run()
    assert not app.exception
    assert ZH["review.none"] not in said(app) and "第" in said(app)
