"""The pages against the stand-in: what is said in each state, and what each click does."""

from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE_S
from tests.ui.conftest import script, until
from tests.ui.pages import ZH, answers, go, said, settle
from tests.ui.stand_in.engines import SERVED, two_engines
from tests.ui.stand_in.service import Application, now
from ui.parts.library.bases import SAMPLE
from ui.words.texts import words


def test_a_newcomer_sees_questions_and_can_ask_at_once(
    app: AppTest, application: Application
) -> None:
    assert not app.exception
    assert ZH["welcome.title"] in said(app)
    app.button(key="example-0").click().run()
    assert len(application.conversations) == 1
    settle(app, application)
    assert not app.exception
    assert "十天" in said(app)
    assert "(#cite-" in said(app)


def test_the_sample_is_asked_by_default_only_where_there_is_nothing_else(
    app: AppTest, application: Application
) -> None:
    (own,) = application.bases
    sample = application.add_base(SAMPLE)
    application.add_document(sample.id, "员工手册.md", "# 年假\n\n年假为二十天。".encode(), "ready")
    app.session_state["base_ids"] = None
    app.run()
    app.chat_input(key="question").set_value("年假多少天？").run()
    (conversation,) = application.conversations.values()
    assert conversation.base_ids == [own]


def test_nothing_uploaded_yet_leads_to_the_documents(
    app: AppTest, application: Application
) -> None:
    application.documents.clear()
    app.run()
    assert ZH["empty.what"] in said(app)
    next(b for b in app.button if b.label == ZH["empty.button"]).click().run()
    assert ZH["page.documents"] in said(app)


def test_while_an_answer_is_written_the_input_is_a_stop_button(
    app: AppTest, application: Application
) -> None:
    application.delta_s = 0.05
    app.chat_input(key="question").set_value("年假多少天？").run()
    assert len(app.chat_input) == 0
    running = answers(application)[0]
    app.button(key="stop").click().run()
    settle(app, application)
    assert application.messages[running].state == "stopped"
    assert ZH["answer.stopped"] in said(app)
    assert len(app.chat_input) == 1


def test_sources_can_be_opened_before_the_text_is_there(
    app: AppTest, application: Application
) -> None:
    application.stage_s = 1.0
    app.chat_input(key="question").set_value("年假多少天？").run()
    answer_id = answers(application)[0]
    until(lambda: bool(application.messages[answer_id].passages))
    until(lambda: f"chip-{answer_id}-1" in [b.key for b in app.run().button])
    assert application.messages[answer_id].content == ""
    assert "找到 5 个段落，来自 1 个文件" in said(app)
    app.button(key=f"chip-{answer_id}-1").click().run()
    assert "员工休假制度" in said(app)
    assert any("cited" in h.value or "passage" in h.value for h in app.html)


def test_a_new_session_takes_a_running_answer_up_again(
    app: AppTest, application: Application, api_url: str
) -> None:
    application.delta_s = 0.5  # still being written, however slow this machine is
    app.chat_input(key="question").set_value("年假多少天？").run()
    again = AppTest.from_function(script, args=(api_url,), default_timeout=PATIENCE_S)
    again.query_params["c"] = next(iter(application.conversations))
    again.run()
    assert [b.key for b in again.button if b.key == "stop"] == ["stop"]
    application.delta_s = 0.005
    settle(again, application)
    assert "顺延到次年三月底" in said(again)


def test_nothing_found_is_said_plainly(app: AppTest, application: Application) -> None:
    app.chat_input(key="question").set_value("月球上有几个人？").run()
    settle(app, application)
    assert ZH["none.said"] in said(app)
    assert ZH["none.nearest"] in said(app)


def test_an_engine_that_is_down_is_announced_and_the_answer_can_be_tried_again(
    app: AppTest, application: Application
) -> None:
    application.engine_down_since = now()
    until(lambda: ZH["engine.still"] in said(app.run()))
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    assert ZH["answer.failed"] in said(app)
    assert ZH["refusal.engine_unavailable"] in said(app)
    assert "The model engine" not in said(app)
    application.engine_down_since = None
    next(b for b in app.button if b.label == ZH["answer.retry"]).click().run()
    settle(app, application)
    assert ZH["answer.failed"] not in said(app)
    assert "2/2" in said(app)


def test_variants_of_an_answer_can_be_turned_over(app: AppTest, application: Application) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    first = answers(application)[0]
    app.button(key=f"again-{first}").click().run()
    settle(app, application)
    second = answers(application)[1]
    assert "请提前三个工作日申请" in said(app)
    app.button(key=f"variant-1-{second}").click().run()
    assert "1/2" in said(app)
    assert "申请时要注意" in said(app)


def test_a_rating_is_saved_at_once_and_shown_again(app: AppTest, application: Application) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    answer_id = answers(application)[0]
    app.feedback(key=f"thumbs-{answer_id}").set_value(0).run()
    saved = application.messages[answer_id].feedback
    assert saved is not None
    assert saved.rating == "down"
    app.text_area(key=f"feedback-correction-{answer_id}").set_value("满一年十天。").run()
    app.pills(key=f"feedback-reason-{answer_id}").set_value("wrong").run()
    saved = application.messages[answer_id].feedback
    assert saved is not None
    assert (saved.correction, saved.reason) == ("满一年十天。", "wrong")
    app.button(key="feedback-done").click().run()
    assert len(app.text_area) == 0
    app.button(key=f"rate-{answer_id}").click().run()
    assert app.text_area(key=f"feedback-correction-{answer_id}").value == "满一年十天。"
    go(app, "review")
    assert "满一年十天。" in said(app).replace("\\", "")


def test_rating_an_old_answer_does_not_disturb_a_running_one(
    app: AppTest, application: Application
) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    first = answers(application)[0]
    application.delta_s = 0.02
    app.chat_input(key="question").set_value("病假呢？").run()
    app.feedback(key=f"thumbs-{first}").set_value(1).run()
    settle(app, application)
    assert application.messages[answers(application)[1]].state == "complete"
    saved = application.messages[first].feedback
    assert saved is not None
    assert saved.rating == "up"


def test_a_question_that_is_refused_is_kept(app: AppTest, application: Application) -> None:
    application.max_question_chars = 3
    app.chat_input(key="question").set_value("年假多少天？").run()
    assert "问题有 6 个字符，上限为 3 个" in said(app)
    assert app.chat_input(key="question").proto.value == "年假多少天？"
    assert app.run().chat_input(key="question").proto.value == "", "once"
    application.max_question_chars, application.max_question_tokens = 8000, 5
    app.run().chat_input(key="question").set_value("病假多少天？").run()
    assert "问题有 6 个 token，当前模型最多能读 5 个" in said(app)
    assert not application.asked


def test_a_refused_question_of_another_task_stands_in_its_own_input(
    app: AppTest, application: Application
) -> None:
    application.max_question_chars = 3
    app.session_state["task"] = "chat"
    app.run().chat_input(key="chat-text").set_value("你好，知问").run()
    assert "问题有 5 个字符" in said(app)
    assert app.chat_input(key="chat-text").proto.value == "你好，知问"


def test_the_input_counts_up_to_the_limit_of_the_service(
    app: AppTest, application: Application
) -> None:
    application.counts_to = 500
    assert app.run().chat_input(key="question").proto.max_chars == 500


def test_a_service_that_is_gone_is_said_and_taken_up_again(
    app: AppTest, application: Application
) -> None:
    nobody = AppTest.from_function(script, args=("http://127.0.0.1:9",), default_timeout=PATIENCE_S)
    nobody.query_params["lang"] = "zh"
    nobody.run()
    assert not nobody.exception
    assert ZH["down.title"] in said(nobody)
    assert ZH["down.what"] in said(nobody)


def test_conversations_are_found_renamed_and_deleted(
    app: AppTest, application: Application
) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    conversation = next(iter(application.conversations))
    app.session_state["dialog"] = {
        "name": "rename_conversation",
        "id": conversation,
        "title": "年假多少天？",
    }
    app.run()
    app.text_input[-1].set_value("年假")
    next(b for b in app.button if b.label == ZH["action.save"]).click().run()
    assert application.conversations[conversation].title == "年假"
    app.text_input(key="conversation-search").set_value("没有这个").run()
    assert ZH["sidebar.none_found"] in said(app)
    app.session_state["dialog"] = {
        "name": "delete_conversation",
        "id": conversation,
        "title": "年假",
    }
    app.run()
    app.button(key="delete_conversation-sure").click().run()
    assert application.conversations == {}
    assert ZH["welcome.title"] in said(app)


def test_a_model_is_picked_for_a_conversation_and_stays_with_it(
    app: AppTest, application: Application, api_url: str
) -> None:
    application.engines = two_engines()
    app.run()
    picker = next(s for s in app.selectbox if s.label == ZH["picker.model"])
    assert picker.options == [ZH["picker.auto"], "qwen-7b", "qwen-0.5b"]
    picker.select("qwen-7b").run()
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    (conversation,) = application.conversations.values()
    assert conversation.model == "qwen-7b"
    again = AppTest.from_function(script, args=(api_url,), default_timeout=PATIENCE_S)
    again.query_params["c"] = conversation.id
    again.run()
    picker = next(s for s in again.selectbox if s.label == ZH["picker.model"])
    assert picker.value == "qwen-7b"


def test_the_details_say_who_answered_and_who_could_not(
    app: AppTest, application: Application
) -> None:
    application.served = SERVED
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    app.button(key=f"details-{answers(application)[0]}").click().run()
    told = said(app).replace("\\", "")
    assert "由 qwen-0.5b 回答，qwen-7b 不可用。" in told
    assert "首选 qwen-7b，因为问题需要比较或包含多个部分。" in told


def test_the_language_can_be_switched(app: AppTest) -> None:
    app.button(key="language-switch").click().run()
    assert words("en")["welcome.title"] in said(app)
    assert app.query_params["lang"] == "en"


def test_what_is_asked_for_is_chosen_beside_the_input(
    app: AppTest, application: Application
) -> None:
    app.session_state["task"] = "chat"
    app.run()
    assert ZH["task.chat_what"] in said(app)
    app.chat_input(key="chat-text").set_value("你好").run()
    settle(app, application)
    assert not app.exception
    assert [body.task for body in application.asked] == ["chat"]
    app.query_params["c"] = ""
    app.run()
    assert app.session_state["task"] == "qa", "a new chat asks the documents"
    assert ZH["welcome.title"] in said(app)


def test_an_answer_from_the_cache_says_so_and_can_be_asked_anew(
    app: AppTest, application: Application
) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, application)
    (answer_id,) = answers(application)
    application.messages[answer_id].cached_from = "0" * 24
    app.button(key=f"details-{answer_id}").click().run()
    assert ZH["details.cached"] in said(app)
    app.button(key="ask-anew").click().run()
    settle(app, application)
    assert application.asked[-1].regenerate == answer_id
    assert len(answers(application)) == 2


def test_a_refusal_is_said_in_the_language_of_the_page(app: AppTest) -> None:
    app.session_state["dialog"] = {"name": "delete_conversation", "id": "gone", "title": "年假"}
    app.run()
    app.button(key="delete_conversation-sure").click().run()
    assert ZH["refusal.not_found"] in said(app)
