"""Downloads weights from Hugging Face or a compatible server such as ModelScope."""

import fnmatch
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.models.checksums import git_blob_id, sha256_of
from app.models.errors import ChecksumMismatch, SourceUnavailable
from app.models.registry import Hub


@dataclass(frozen=True, slots=True)
class _HubFile:
    path: str
    size: int
    sha256: str | None  # only of files in large file storage
    blob_id: str | None


@dataclass(frozen=True, slots=True)
class HubClient:
    """`endpoint` None: as configured for huggingface_hub."""

    endpoint: str | None = None
    timeout_s: float = 5.0

    def reachable(self, hub: Hub) -> bool:
        """Whether the repository responds within the timeout."""
        try:
            self._files(hub)
        except SourceUnavailable:
            return False
        return True

    def fetch(self, hub: Hub, folder: Path) -> str:
        """Downloads the files in `hub.include` to `folder`, resuming; returns the commit.

        Large files are checked against the SHA-256 that the hub publishes, small ones against
        their git id. Raises SourceUnavailable, ChecksumMismatch.
        """
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()  # we have our own, measured on disk
        commit, files = self._files(hub)
        for file in files:
            with _hub_errors(hub.repo):
                hf_hub_download(
                    hub.repo,
                    file.path,
                    revision=commit,
                    local_dir=folder,
                    endpoint=self.endpoint,
                    etag_timeout=self.timeout_s,
                )
            _check(folder / file.path, file)
        return commit

    def _files(self, hub: Hub) -> tuple[str, list[_HubFile]]:
        from huggingface_hub import HfApi

        with _hub_errors(hub.repo):
            info = HfApi(endpoint=self.endpoint).model_info(
                hub.repo, revision=hub.revision, timeout=self.timeout_s, files_metadata=True
            )
        files = [
            _HubFile(
                item.rfilename, item.size or 0, item.lfs.sha256 if item.lfs else None, item.blob_id
            )
            for item in info.siblings or ()
            if any(_matches(item.rfilename, pattern) for pattern in hub.include)
        ]
        if not files or not info.sha:
            raise SourceUnavailable(f"{hub.repo} has none of {', '.join(hub.include)}")
        return info.sha, files


def _matches(path: str, pattern: str) -> bool:
    """`*` does not cross folders."""
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


def _check(path: Path, file: _HubFile) -> None:
    if file.sha256:
        right = sha256_of(path) == file.sha256
    else:
        right = file.blob_id is None or git_blob_id(path.read_bytes()) == file.blob_id
    if not right:
        path.unlink()
        raise ChecksumMismatch(f"{file.path} does not match the hub's checksum; pull it again")


@contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    import httpx2
    from huggingface_hub.errors import EntryNotFoundError

    try:
        yield
    except (httpx2.HTTPError, OSError, EntryNotFoundError) as error:
        raise SourceUnavailable(f"hub, {repo}: {error}") from error
