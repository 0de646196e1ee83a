"""A hub with one repository, speaking as much of Hugging Face's protocol as a download needs."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.models.checksums import git_blob_id
from tests.models.parts import HUB_REPO, sha256

COMMIT = hashlib.sha1(b"commit", usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class HubServer:
    """`files` by path; those in `large` are in large file storage. `served` overrides content."""

    files: dict[str, bytes]
    large: frozenset[str] = frozenset()
    served: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(f"/api/models/{HUB_REPO}/revision/main", self._info),
                Route(f"/{HUB_REPO}/resolve/{COMMIT}/{{path:path}}", self._file),
            ]
        )

    async def _info(self, _request: Request) -> Response:
        siblings = [self._sibling(path, data) for path, data in self.files.items()]
        return JSONResponse({"id": HUB_REPO, "sha": COMMIT, "siblings": siblings})

    def _sibling(self, path: str, data: bytes) -> dict[str, Any]:
        entry = {"rfilename": path, "size": len(data), "blobId": git_blob_id(data)}
        if path in self.large:
            entry["lfs"] = {"sha256": sha256(data), "size": len(data), "pointerSize": 130}
        return entry

    async def _file(self, request: Request) -> Response:
        path = request.path_params["path"]
        data = self.files[path]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{sha256(data)}"', "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(len(data))})
        self.asked.append(path)
        return Response(self.served.get(path, data), headers=headers)
