"""Prompts in the shapes that chat front ends send, in words of our own, and questions like them."""

import pytest

from app.llm.messages import Message
from app.services.answers.front_end import prompt_of_front_end

ASKED = Message("user", "年假有几天？")
ANSWERED = Message("assistant", "每年十五天。")
TURNS = (ASKED, ANSWERED)

SECTIONS = """### Task:
Write a title of 2-6 words that sums up the chat history.
### Rules:
- Use the chat's primary language.
### Output:
JSON: {"title": "…"}
### Chat History:
<chat_history>
USER: 年假有几天？
ASSISTANT: 每年十五天。
</chat_history>"""
QUERIES = """### Task:
Read the history and list what to look up on the web, if anything.
Reply with JSON: {"queries": ["…"]}
<chat_history>
USER: 年假有几天？
ASSISTANT: 每年十五天。
</chat_history>"""
TAGS = """Pick one to three tags for the themes of this conversation.
Reply with JSON: {"tags": ["…"]}

User: How many days of leave?
Assistant: Fifteen."""
MARKED = """Find out the language of the user and title this conversation in it.
At most 4 words. No punctuation.

||>User:
"How many days of leave?"
||>Response:
"Fifteen."

||>Title:"""
LISTED = """Look at this conversation and provide:
1. Its language
2. A short title in the detected language (4 words or less, no quotation marks)

User: How many days of leave?
AI: Fifteen."""
FENCED = """Name this conversation by what was said. At most 8 characters, no quotes.

```
年假有几天？

---

每年十五天。
```
Reply with the name only."""
PERSONAS = [
    "You are the assistant of a company. Use titles and lists. Answer only in the user's language. "
    "No more than 100 words. Keep to what was said in the conversation before.",
    "Open each conversation with a short summary. Answer only from the documents. No quotes.",
    "你是公司的助手。每次对话先给出摘要，只回答与公司有关的问题，不要使用标点以外的符号。",
]
SYSTEM_TITLE = (
    "You title conversations: sum the conversation up as a title within 8 words, in the user's "
    "language. No punctuation."
)
SYSTEM_TITLE_ZH = "你负责把用户的会话总结成标题，8 个字以内，语言与用户一致，不要标点。"


@pytest.mark.parametrize("prompt", [SECTIONS, QUERIES, TAGS, MARKED, LISTED, FENCED])
@pytest.mark.parametrize("role", ["user", "system"])
def test_a_prompt_with_the_conversation_in_it(prompt: str, role: str) -> None:
    message = Message(role, prompt)  # type: ignore[arg-type]  # both are roles
    assert prompt_of_front_end([message]) == Message("user", prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "Give our conversation a title of four to five words, no punctuation or additional text.",
        "用五到六个字返回这段对话的主题，不要解释，不要标点，没有主题就返回“闲聊”。",
        "In 100 words, write a summary of the discussion, and nothing else.",
    ],
)
def test_a_prompt_behind_the_conversation(prompt: str) -> None:
    for last in (Message("user", prompt), Message("system", prompt)):
        assert prompt_of_front_end([*TURNS, last]) == Message("user", prompt)


def test_a_system_message_behind_the_conversation_is_no_question() -> None:
    last = Message("system", "把以上对话总结成 200 字以内的提示。")
    assert prompt_of_front_end([*TURNS, last]) == Message("user", last.content)


@pytest.mark.parametrize("system", [SYSTEM_TITLE, SYSTEM_TITLE_ZH])
@pytest.mark.parametrize("user", ["user: 年假有几天？\nassistant: 每年十五天。", "年假有几天？"])
def test_instructions_in_the_system_message(system: str, user: str) -> None:
    messages = [Message("system", system), Message("user", user)]
    assert prompt_of_front_end(messages) == Message("user", f"{system}\n\n{user}")


@pytest.mark.parametrize(
    "question",
    [
        "年假有几天？",
        "员工手册的标题是什么？不要解释，十个字以内。",
        "What is the title of chapter 3? Only the title, no quotes, in five words.",
        "Summarise the travel policy in 50 words, without punctuation.",
        "聊天记录要保存多久？只回答数字，不要标点。",
        "How long is chat history kept? Reply only with a number.",
        "用户：我忘了密码\n客服让我重置，怎么做？",
        'What does {"title": "x"} mean in the API? Answer in JSON only.',
        "User: where do I log in?\nAssistant: at the portal.\nWhat does the handbook say about it?",
        "给出报销制度的关键词，只输出三个词。",
    ],
)
@pytest.mark.parametrize("instructions", PERSONAS)
def test_a_question_stays_a_question(question: str, instructions: str) -> None:
    persona = Message("system", instructions)
    for before in ([], TURNS, [persona], [persona, *TURNS]):
        assert prompt_of_front_end([*before, Message("user", question)]) is None
