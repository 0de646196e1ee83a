"""The address says what is shown: Back, reloads and links lead to it again."""

import re

from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Interface
from tests.browser.gestures import open_page, shown, wait_for_answer

ANNUAL, SICK = "年假有多少天？", "病假要什么证明？"


def ask_anew(page: Page, question: str) -> str:
    """In a new conversation. Returns the address of the answer."""
    page.get_by_test_id("stSidebar").get_by_role("link", name="新对话").click()
    expect(page.get_by_role("heading", name="想了解什么？")).to_be_visible()
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(question)
    field.press("Enter")
    expect(asked(page, question)).to_be_visible()
    wait_for_answer(page)
    return page.url


def asked(page: Page, question: str) -> Locator:
    return page.locator('[class*="st-key-asked-"]').filter(has_text=question)


def test_back_leads_through_the_conversations(interface: Interface, page: Page) -> None:
    page.goto(interface.url)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()
    annual, sick = ask_anew(page, ANNUAL), ask_anew(page, SICK)
    assert "?c=" in annual
    assert annual != sick
    expect(page).to_have_title(re.compile(f"^{re.escape(SICK)}"))
    page.go_back()
    expect(page.get_by_role("heading", name="想了解什么？")).to_be_visible()
    page.go_back()
    expect(asked(page, ANNUAL)).to_be_visible()
    expect(asked(page, SICK)).to_have_count(0)
    assert page.url == annual
    expect(page).to_have_title(re.compile(f"^{re.escape(ANNUAL)}"))
    page.go_forward()
    page.go_forward()
    expect(asked(page, SICK)).to_be_visible()
    assert page.url == sick
    page.goto(annual)
    expect(asked(page, ANNUAL)).to_be_visible()


def test_back_leads_from_a_rated_answer_to_the_review_as_it_was(
    interface: Interface, page: Page
) -> None:
    page.goto(interface.url)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()
    ask_anew(page, ANNUAL)
    page.get_by_test_id("stFeedback").locator("button").nth(0).click()
    expect(shown(page, "感谢反馈")).to_be_visible()
    open_page(page, "评审")
    page.get_by_test_id("stMain").get_by_text("好评", exact=True).click()
    expect(page).to_have_url(re.compile("rating=up"))
    page.get_by_role("link", name="查看对话").first.click()
    expect(asked(page, ANNUAL)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="评审")).to_be_visible()
    expect(page.get_by_role("radio", name="好评")).to_be_checked()


def test_back_closes_a_source_and_leaves_no_form_on_another_page(
    interface: Interface, page: Page
) -> None:
    page.goto(f"{interface.url}/documents")
    expect(shown(page, "员工休假制度.md", exact=True)).to_be_visible()
    answer = ask_anew(page, ANNUAL)
    page.locator('[class*="st-key-chip-"] button').first.click()
    source = page.get_by_role("dialog")
    expect(source).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]source=\w+-1(&|$)"))
    page.go_back()
    expect(source).to_have_count(0)
    assert page.url == answer
    page.go_forward()
    expect(source.locator("mark.cited").first).to_be_visible()
    source.press("Escape")  # react-aria takes the cursor away and back, half a second after opening
    expect(source).to_have_count(0)
    expect(page).to_have_url(answer)
    open_page(page, "文档")
    expect(page).to_have_url(re.compile("/documents"))  # the closing source names the file, too
    expect(shown(page, "员工休假制度.md", exact=True)).to_be_visible()
    page.go_back()
    page.get_by_test_id("stFeedback").locator("button").nth(1).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_forward()
    expect(shown(page, "员工休假制度.md", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_run_that_started_before_a_source_was_closed_leaves_it_closed_in_the_address(
    interface: Interface, page: Page
) -> None:
    def send_again_later(browser: WebSocketRoute) -> None:
        """What a part that is drawn by itself does where it draws the page anew."""
        server = browser.connect_to_server()

        def send(message: str | bytes) -> None:
            server.send(message)
            said = BackMsg.FromString(message if isinstance(message, bytes) else message.encode())
            if closing and said.WhichOneof("type") == "rerun_script":
                closing.clear()
                late.append(message)

        def receive(message: str | bytes) -> None:
            browser.send(message)
            said = ForwardMsg.FromString(message if isinstance(message, bytes) else b"")
            if said.WhichOneof("type") == "script_finished":
                runs.append(said.script_finished)
                if late:
                    server.send(late.pop())

        browser.on_message(send)
        server.on_message(receive)

    closing: list[bool] = []
    late: list[str | bytes] = []
    runs: list[int] = []
    page.route_web_socket(re.compile("_stcore/stream"), send_again_later)
    page.goto(interface.url)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()
    answer = ask_anew(page, ANNUAL)
    page.locator('[class*="st-key-chip-"] button').first.click()
    source = page.get_by_role("dialog")
    expect(source.locator("mark.cited").first).to_be_visible()
    steps, before = page.evaluate("history.length"), len(runs)
    closing.append(True)
    source.press("Escape")
    while len(runs) < before + 2:
        page.wait_for_timeout(50)
    expect(page).to_have_url(answer)
    assert page.evaluate("history.length") == steps + 1


def test_documents_come_back_with_their_base_and_filter(interface: Interface, page: Page) -> None:
    second = interface.application.add_base("第二个知识库")
    for name in ("网关.md", "电表.md"):
        interface.application.add_document(second.id, name, b"text", "ready")
    page.goto(f"{interface.url}/documents?base={second.id}")
    expect(shown(page, "网关.md", exact=True)).to_be_visible()
    page.get_by_label("按文件名筛选").fill("电表")
    page.get_by_label("按文件名筛选").press("Enter")
    expect(page.get_by_text("网关.md", exact=True)).to_have_count(0)
    page.reload()
    expect(shown(page, "电表.md", exact=True)).to_be_visible()
    expect(page.get_by_text("网关.md", exact=True)).to_have_count(0)
    expect(page.get_by_label("按文件名筛选")).to_have_value("电表")
    expect(page).to_have_title(re.compile("^文档"))
    open_page(page, "状态")
    expect(page.get_by_role("heading", name="状态")).to_be_visible()
    open_page(page, "文档")
    expect(shown(page, "网关.md", exact=True)).to_be_visible()


def test_a_base_stays_chosen_when_its_number_of_files_changes(
    interface: Interface, page: Page
) -> None:
    third = interface.application.add_base("第三个知识库")
    page.goto(f"{interface.url}/documents?base={third.id}")
    expect(shown(page, "这个知识库还是空的")).to_be_visible()
    interface.application.add_document(third.id, "阀门.md", b"text", "ready")
    page.get_by_role("button", name="English").click()  # draws the page anew
    expect(shown(page, "阀门.md", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(f"base={third.id}(&|$)"))


def test_a_page_keeps_nothing_that_the_chat_put_into_the_address(
    interface: Interface, page: Page
) -> None:
    """It does so while a question is sent, and by then another page may be open."""
    page.goto(interface.url)
    expect(page.get_by_test_id("stChatInput")).to_be_visible()
    conversation = ask_anew(page, ANNUAL).partition("?")[2]
    page.goto(f"{interface.url}/documents?{conversation}&a=x")
    expect(page.get_by_role("heading", name="文档")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/documents\?base=\w+$"))
