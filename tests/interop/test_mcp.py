"""The MCP server in a process of its own, with the official client, over both transports."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from app.llm.scripted import ScriptedChatModel
from tests.application import RunningApi
from tests.serving import serving

# Sections of several chunks each.
LEAVE = "年假为每年十五天，须提前一周申请。\n\n" + "\n\n".join(
    f"第{n}类员工的假期由部门负责人按照年度计划逐一安排并登记在册。" for n in range(1, 16)
)
HANDBOOK = f"""# 员工手册

## 假期

{LEAVE}

病假每年十天，需要医院证明。

## 报销

{"差旅费在一个月内报销，票据须写明日期、金额和事由。" * 8}
"""
MCP = ["-c", "from app.cli.main import main; main()", "mcp"]
TRANSPORTS = pytest.mark.parametrize("transport", ["stdio", "http"])


@pytest.fixture
def api(api: RunningApi) -> RunningApi:
    """With one base."""
    api.ingest("人事", {"员工手册.md": HANDBOOK})
    return api


@asynccontextmanager
async def connected(transport: str, url: str, key: str = "") -> AsyncIterator[Client]:
    """A client of `zhiwen mcp` before the API at `url`, with the caller's key."""
    if transport == "stdio":
        environment = environment_of(url, key)
        server = StdioServerParameters(command=sys.executable, args=MCP, env=environment)
        async with Client(stdio_client(server)) as client:
            yield client
        return
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with http_server(url) as address:
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            yield client


@contextmanager
def http_server(url: str) -> Iterator[str]:
    """The address of `zhiwen mcp --http`, whose own key nobody may borrow."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *MCP, "--http", "--port", str(port)]
    with subprocess.Popen(command, env=environment_of(url, "the server's own")) as process:
        try:
            refused = retry_if_exception_type(ConnectionRefusedError)
            for attempt in Retrying(
                retry=refused, wait=wait_fixed(0.1), stop=stop_after_delay(60), reraise=True
            ):
                with attempt:
                    socket.create_connection(("127.0.0.1", port)).close()
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


def environment_of(url: str, key: str) -> dict[str, str]:
    return {**os.environ, "ZHIWEN_API_URL": url, "ZHIWEN_API_KEY": key}


async def call(client: Client, tool: str, **given: Any) -> Any:
    """The structured result. A failed call fails the test."""
    called = await client.call_tool(tool, given)
    assert not called.is_error, called.content
    found = called.structured_content
    return found["result"] if isinstance(found, dict) and set(found) == {"result"} else found


@TRANSPORTS
async def test_an_agent_searches_reads_and_asks(
    api: RunningApi, model: ScriptedChatModel, transport: str
) -> None:
    async with connected(transport, api.url) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {"search", "read_section", "ask", "list_bases", "list_documents"}

        (base,) = await call(client, "list_bases")
        assert (base["name"], base["documents"], base["ready"]) == ("人事", 1, 1)
        listed = await call(client, "list_documents", base="人事", name="手册")
        assert listed["total"] == 1 and listed["documents"][0]["name"] == "员工手册.md"

        (best, *_) = await call(client, "search", query="病假有几天？", bases=["人事"])
        assert "病假每年十天" in best["text"] and best["headings"][-1] == "假期"
        at = {"document_id": best["document_id"], "ordinal": best["ordinal"]}
        section = await call(client, "read_section", **at)
        assert LEAVE in section["text"] and "差旅费" not in section["text"]
        rest = await call(
            client, "read_section", document_id=best["document_id"], ordinal=section["next_ordinal"]
        )
        assert rest["text"].startswith("报销") and rest["next_ordinal"] is None

        model.enqueue("年假为每年十五天。公司有三只猫。")
        answer = await call(client, "ask", question="年假有几天？")
        assert answer["answer"] == "年假为每年十五天。公司有三只猫。"
        assert answer["citations"][0]["document"] == "员工手册.md"
        assert answer["doubtful"] == ["公司有三只猫。"]
        stored = api.http.get(f"/api/conversations/{answer['conversation_id']}").json()
        assert stored["messages"][0]["content"] == "年假有几天？"


async def test_errors_are_told_to_the_agent(api: RunningApi) -> None:
    async with connected("stdio", api.url) as client:
        for tool, given, told in (
            ("search", {"query": "年假", "bases": ["财务"]}, "'人事'"),
            ("read_section", {"document_id": "nothing"}, "no document"),
            ("ask", {"question": "年假？"}, "scripted: no answer"),
        ):
            called = await client.call_tool(tool, given)
            assert called.is_error
            assert told in str(called.content), called.content
    async with connected("stdio", "http://127.0.0.1:9") as client:
        called = await client.call_tool("list_bases", {})
        assert called.is_error and "unreachable" in str(called.content)


@TRANSPORTS
@pytest.mark.parametrize(("key", "sent"), [("abc", "Bearer abc"), ("", None)])
async def test_the_api_sees_the_callers_key(transport: str, key: str, sent: str | None) -> None:
    """Over HTTP that of the request: the server's own key is lent to nobody."""
    seen: list[str | None] = []

    async def bases(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return JSONResponse([])

    with serving(Starlette(routes=[Route("/api/bases", bases)])) as url:
        async with connected(transport, url, key) as client:
            assert await call(client, "list_bases") == []
    assert seen == [sent]


def test_other_websites_are_refused(api: RunningApi) -> None:
    """As by the API: what a page sends through a visitor's browser, and rebound names."""
    with http_server(api.url) as address, httpx.Client(trust_env=False) as http:
        assert http.post(address, headers={"Origin": "https://evil.example"}).status_code == 403
        assert http.post(address, headers={"Host": "evil.example"}).status_code == 421
