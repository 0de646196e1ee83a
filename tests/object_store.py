"""A real S3 server for tests, in a process of its own on loopback.

`from tests.object_store import object_server, files_url` in a conftest makes the fixtures known
there.
"""

import secrets
import subprocess
import sys
from collections.abc import Iterator

import httpx
import obstore
import pytest
from obstore.store import S3Store

# Ends when its standard input does, so that tests that are killed leave no server behind.
_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
SECRET = "a-secret-of-the-store"


@pytest.fixture(scope="session")
def object_server() -> Iterator[str]:
    """The address of a server without buckets; it ends with the session."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, "the S3 server did not start"
        yield f"http://127.0.0.1:{port}"
        process.stdin.close()


@pytest.fixture
def files_url(object_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket with a prefix, for ZHIWEN_FILES_URL; the environment has the rest."""
    address_store(monkeypatch, object_server)
    bucket = f"zhiwen-{secrets.token_hex(6)}"
    httpx.put(f"{object_server}/{bucket}", trust_env=False).raise_for_status()
    return f"s3://{bucket}/uploaded/files"


def address_store(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """As whoever operates Zhiwen says where the store is."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "zhiwen")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def overwrite(files_url: str, key: str, data: bytes) -> None:
    """Other bytes under that name, as a broken disk or a careless hand leaves them."""
    store = S3Store.from_url(files_url, client_options={"allow_http": True})
    obstore.put(store, key, data)
