"""The pages against the stand-in: what is said in each state, and what each click does."""

from streamlit.testing.v1 import AppTest

from tests.ui.conftest import script, until
from tests.ui.stand_in import House, now
from tests.ui.stand_in_engines import SERVED, two_engines
from ui.words.texts import words

ZH = words("zh")


def said(at: AppTest) -> str:
    """All words on the page, without the joiners."""
    parts = [*at.markdown, *at.caption, *at.title, *at.info, *at.warning, *at.error, *at.subheader]
    return "\n".join(str(part.value) for part in parts).replace("\u2060", "")


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def settle(at: AppTest, house: House) -> AppTest:
    """Waits until the API has written all answers, and draws the page again."""
    until(lambda: all(m.state != "streaming" for m in house.messages.values()))
    return at.run()


def go(at: AppTest, page: str) -> AppTest:
    at.session_state["go"] = page
    return at.run()


def answers(house: House) -> list[str]:
    return [m.id for m in house.messages.values() if m.role == "assistant"]


def test_a_newcomer_sees_questions_and_can_ask_at_once(app: AppTest, house: House) -> None:
    assert not app.exception
    assert ZH["welcome.title"] in said(app)
    app.button(key="example-0").click().run()
    assert len(house.conversations) == 1
    settle(app, house)
    assert not app.exception
    assert "十天" in said(app)
    assert "(#cite-" in said(app)


def test_nothing_uploaded_yet_leads_to_the_documents(app: AppTest, house: House) -> None:
    house.documents.clear()
    app.run()
    assert ZH["empty.what"] in said(app)
    next(b for b in app.button if b.label == ZH["empty.button"]).click().run()
    assert ZH["page.documents"] in said(app)


def test_while_an_answer_is_written_the_input_is_a_stop_button(app: AppTest, house: House) -> None:
    house.delta_s = 0.05
    app.chat_input(key="question").set_value("年假多少天？").run()
    assert len(app.chat_input) == 0
    running = answers(house)[0]
    app.button(key="stop").click().run()
    settle(app, house)
    assert house.messages[running].state == "stopped"
    assert ZH["answer.stopped"] in said(app)
    assert len(app.chat_input) == 1


def test_sources_can_be_opened_before_the_text_is_there(app: AppTest, house: House) -> None:
    house.stage_s = 1.0
    app.chat_input(key="question").set_value("年假多少天？").run()
    answer_id = answers(house)[0]
    until(lambda: bool(house.messages[answer_id].passages))
    until(lambda: f"chip-{answer_id}-1" in [b.key for b in app.run().button], timeout_s=5)
    assert house.messages[answer_id].content == ""
    assert "找到 5 个段落，来自 1 个文件" in said(app)
    app.button(key=f"chip-{answer_id}-1").click().run()
    assert "员工休假制度" in said(app)
    assert any("cited" in h.value or "passage" in h.value for h in app.html)


def test_a_new_session_takes_a_running_answer_up_again(
    app: AppTest, house: House, api_url: str
) -> None:
    house.delta_s = 0.5  # still being written, however slow this machine is
    app.chat_input(key="question").set_value("年假多少天？").run()
    again = AppTest.from_function(script, args=(api_url,), default_timeout=20)
    again.query_params["c"] = next(iter(house.conversations))
    again.run()
    assert [b.key for b in again.button if b.key == "stop"] == ["stop"]
    house.delta_s = 0.005
    settle(again, house)
    assert "顺延到次年三月底" in said(again)


def test_nothing_found_is_said_plainly(app: AppTest, house: House) -> None:
    app.chat_input(key="question").set_value("月球上有几个人？").run()
    settle(app, house)
    assert ZH["none.said"] in said(app)
    assert ZH["none.nearest"] in said(app)


def test_an_engine_that_is_down_is_announced_and_the_answer_can_be_tried_again(
    app: AppTest, house: House
) -> None:
    house.engine_down_since = now()
    until(lambda: ZH["engine.still"] in said(app.run()), timeout_s=8)
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    assert ZH["answer.failed"] in said(app)
    house.engine_down_since = None
    next(b for b in app.button if b.label == ZH["answer.retry"]).click().run()
    settle(app, house)
    assert ZH["answer.failed"] not in said(app)
    assert "2/2" in said(app)


def test_variants_of_an_answer_can_be_turned_over(app: AppTest, house: House) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    first = answers(house)[0]
    app.button(key=f"again-{first}").click().run()
    settle(app, house)
    second = answers(house)[1]
    assert "请提前三个工作日申请" in said(app)
    app.button(key=f"variant-1-{second}").click().run()
    assert "1/2" in said(app)
    assert "申请时要注意" in said(app)


def test_a_rating_is_saved_at_once_and_shown_again(app: AppTest, house: House) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    answer_id = answers(house)[0]
    app.feedback(key=f"thumbs-{answer_id}").set_value(0).run()
    saved = house.messages[answer_id].feedback
    assert saved is not None
    assert saved.rating == "down"
    app.text_area(key="feedback-correction").set_value("满一年十天。").run()
    app.pills(key="feedback-reason").set_value("wrong").run()
    saved = house.messages[answer_id].feedback
    assert saved is not None
    assert (saved.correction, saved.reason) == ("满一年十天。", "wrong")
    app.button(key="feedback-done").click().run()
    assert len(app.text_area) == 0
    app.button(key=f"rate-{answer_id}").click().run()
    assert app.text_area(key="feedback-correction").value == "满一年十天。"
    go(app, "review")
    assert "满一年十天。" in said(app).replace("\\", "")


def test_rating_an_old_answer_does_not_disturb_a_running_one(app: AppTest, house: House) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    first = answers(house)[0]
    house.delta_s = 0.02
    app.chat_input(key="question").set_value("病假呢？").run()
    app.feedback(key=f"thumbs-{first}").set_value(1).run()
    settle(app, house)
    assert house.messages[answers(house)[1]].state == "complete"
    saved = house.messages[first].feedback
    assert saved is not None
    assert saved.rating == "up"


def test_a_question_that_is_refused_is_kept(app: AppTest, house: House) -> None:
    house.max_question_chars = 3
    app.chat_input(key="question").set_value("年假多少天？").run()
    assert "问题有 6 个字符，上限为 3 个" in said(app)
    assert "年假多少天？" in [text.value for text in app.text]
    house.max_question_chars, house.max_question_tokens = 8000, 5
    app.run().chat_input(key="question").set_value("病假多少天？").run()
    assert "问题有 6 个 token，当前模型最多能读 5 个" in said(app)
    assert not house.asked


def test_the_input_counts_up_to_the_limit_of_the_service(app: AppTest, house: House) -> None:
    house.counts_to = 500
    assert app.run().chat_input(key="question").proto.max_chars == 500


def test_a_service_that_is_gone_is_said_and_taken_up_again(app: AppTest, house: House) -> None:
    nobody = AppTest.from_function(script, args=("http://127.0.0.1:9",), default_timeout=20)
    nobody.query_params["lang"] = "zh"
    nobody.run()
    assert not nobody.exception
    assert ZH["down.title"] in said(nobody)
    assert ZH["down.what"] in said(nobody)


def test_conversations_are_found_renamed_and_deleted(app: AppTest, house: House) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    conversation = next(iter(house.conversations))
    app.session_state["dialog"] = {
        "name": "rename_conversation",
        "id": conversation,
        "title": "年假多少天？",
    }
    app.run()
    app.text_input[-1].set_value("年假")
    next(b for b in app.button if b.label == ZH["action.save"]).click().run()
    assert house.conversations[conversation].title == "年假"
    app.text_input(key="conversation-search").set_value("没有这个").run()
    assert ZH["sidebar.none_found"] in said(app)
    app.session_state["dialog"] = {
        "name": "delete_conversation",
        "id": conversation,
        "title": "年假",
    }
    app.run()
    app.button(key="delete-sure").click().run()
    assert house.conversations == {}
    assert ZH["welcome.title"] in said(app)


def test_a_file_that_waits_says_how_many_are_before_it(app: AppTest, house: House) -> None:
    base = next(iter(house.bases))
    for before in (0, 3):
        house.jobs_before = before
        house.add_document(base, f"{before}.pdf", b"x", "queued")
    go(app, "documents")
    assert ZH["state.queued_next"] in said(app)
    assert ZH["state.queued_behind"].format(n=3) in said(app)


def test_files_show_their_stage_and_a_failed_one_its_reason(app: AppTest, house: House) -> None:
    base = next(iter(house.bases))
    house.add_document(base, "合同.pdf", b"x", "parsing")
    failed = house.add_document(base, "密.pdf", b"x", "failed")
    go(app, "documents")
    assert not app.exception
    assert "正在读取 3/12 页" in said(app)
    assert ZH["problem.encrypted"] in said(app)
    assert "1 个文件正在处理" in said(app)
    app.button(key=f"retry-{failed.id}").click().run()
    assert house.documents[failed.id].state != "failed"


def test_a_file_opens_to_its_text_beside_its_passages(app: AppTest, house: House) -> None:
    opened = next(d for d in house.documents.values() if d.state == "ready")
    former = house.add_document(opened.base_id, opened.name, b"# Before", "ready")
    former.version, former.state, opened.version = 1, "superseded", 2
    go(app, "documents")
    app.button(key=f"open-{opened.id}").click().run()
    assert len(app.radio[0].options) == len(house.chunks(opened.id))
    assert app.radio[0].options[0].startswith("1 · ")
    app.selectbox(key="document-version").select(former.id).run()
    app.button(key="version-delete").click().run()
    assert former.id not in house.documents


def test_a_trial_search_shows_the_score_of_every_stage(app: AppTest, house: House) -> None:
    go(app, "documents")
    base = next(b for b in house.bases.values() if house.counted(b).ready_count)
    app.text_input(key=f"trial-{base.id}").set_value("年假有几天").run()
    assert ZH["details.dense"] in said(app)
    assert ZH["details.fused"] in said(app)


def test_hundreds_of_files_come_in_pages_and_can_be_filtered(app: AppTest, house: House) -> None:
    base = next(iter(house.bases))
    for number in range(300):
        house.add_document(base, f"报告{number:03}.md", b"x", "ready")
    go(app, "documents")
    assert "报告299" in said(app)
    assert "报告100" not in said(app)
    assert "共 302 个文件" in said(app)
    app.text_input(key="document-filter").set_value("报告100").run()
    assert "报告100" in said(app)
    assert "报告299" not in said(app)


def test_a_base_is_created_and_a_taken_name_refused(app: AppTest, house: House) -> None:
    go(app, "documents")
    app.button(key="new-base").click().run()
    app.text_input[-1].set_value("示例知识库")
    next(b for b in app.button if b.label == ZH["documents.create"]).click().run()
    assert ZH["documents.name_taken"] in said(app)
    app.text_input[-1].set_value("人事")
    next(b for b in app.button if b.label == ZH["documents.create"]).click().run()
    assert [base.name for base in house.bases.values()] == ["示例知识库", "人事"]
    assert ZH["documents.empty"] in said(app)


def test_a_model_is_picked_for_a_conversation_and_stays_with_it(
    app: AppTest, house: House, api_url: str
) -> None:
    house.engines = two_engines()
    app.run()
    picker = next(s for s in app.selectbox if s.label == ZH["picker.model"])
    assert picker.options == [ZH["picker.auto"], "qwen-7b", "qwen-0.5b"]
    picker.select("qwen-7b").run()
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    (conversation,) = house.conversations.values()
    assert conversation.model == "qwen-7b"
    again = AppTest.from_function(script, args=(api_url,), default_timeout=20)
    again.query_params["c"] = conversation.id
    again.run()
    picker = next(s for s in again.selectbox if s.label == ZH["picker.model"])
    assert picker.value == "qwen-7b"


def test_the_details_say_who_answered_and_who_could_not(app: AppTest, house: House) -> None:
    house.served = SERVED
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    app.button(key=f"details-{answers(house)[0]}").click().run()
    told = said(app).replace("\\", "")
    assert "由 qwen-0.5b 回答，qwen-7b 不可用。" in told
    assert "首选 qwen-7b，因为问题需要比较或包含多个部分。" in told


def test_the_language_can_be_switched(app: AppTest) -> None:
    app.button(key="language-switch").click().run()
    assert words("en")["welcome.title"] in said(app)
    assert app.query_params["lang"] == "en"


def test_what_is_asked_for_is_chosen_beside_the_input(app: AppTest, house: House) -> None:
    app.session_state["task"] = "chat"
    app.run()
    assert ZH["task.chat_what"] in said(app)
    app.chat_input(key="chat-text").set_value("你好").run()
    settle(app, house)
    assert not app.exception
    assert [body.task for body in house.asked] == ["chat"]


def test_a_file_is_summarised_from_its_row(app: AppTest, house: House) -> None:
    ready = next(d for d in house.documents.values() if d.state == "ready")
    go(app, "documents").button(key=f"summarise-{ready.id}").click().run()
    settle(app, house)
    assert not app.exception
    (body,) = house.asked
    assert (body.task, body.document_id) == ("summarise", ready.id)
    assert ready.name.removesuffix(".md") in said(app)


def test_an_answer_from_the_cache_says_so_and_can_be_asked_anew(app: AppTest, house: House) -> None:
    app.chat_input(key="question").set_value("年假多少天？").run()
    settle(app, house)
    (answer_id,) = answers(house)
    house.messages[answer_id].cached_from = "0" * 24
    app.button(key=f"details-{answer_id}").click().run()
    assert ZH["details.cached"] in said(app)
    app.button(key="ask-anew").click().run()
    settle(app, house)
    assert house.asked[-1].regenerate == answer_id
    assert len(answers(house)) == 2
