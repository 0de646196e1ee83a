"""The choice between a fast chat model and a better one, for the processors of this machine."""

import logging
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from app.db.engine import Database, is_full
from app.error_codes import code_of
from app.models.cpu_choice import change_choice, read_choice
from app.models.errors import ModelError
from app.models.progress import Progress
from app.models.store import ModelStore
from app.services.errors import Conflict
from app.services.people.access import Access
from app.services.people.audit import record

log = logging.getLogger(__name__)

PresetName = Literal["fast", "better"]


@dataclass(frozen=True, slots=True)
class Preset:
    """`here`: it needs no download; `can_download`: one is possible from here. `chosen`: it answers
    from the next start on. `first_token_s`: until its first token, after a usual prompt; None until
    this machine was measured. `percent`: of a download; `error`: why the last one failed."""

    name: PresetName
    model: str
    here: bool
    can_download: bool
    chosen: bool
    download_mb: int
    first_token_s: float | None
    percent: int | None = None
    error: str = ""
    error_code: str = ""


@dataclass(slots=True, eq=False)
class Presets:
    """`prompt_tokens`: of a usual prompt. Not `offered` where the operator has chosen a model or
    engines: that comes first. `offline`: nothing is downloaded."""

    db: Database
    data_dir: Path
    store: ModelStore
    prompt_tokens: int
    offered: bool
    offline: bool
    _percent: dict[str, int] = field(default_factory=dict)  # of running downloads, by model
    _errors: dict[str, tuple[str, str]] = field(default_factory=dict)  # with their codes
    _wanted: str = ""  # the model that was chosen last; a download of another one changes nothing
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> list[Preset]:
        """The fast one first; none where they are not offered."""
        if not self.offered:
            return []
        choice, defaults = read_choice(self.data_dir), self.store.registry.defaults
        fast = defaults.chat[0]  # no look at a hub: a page waits
        able = defaults.more_able_chat
        better = next(filter(self.store.has, able), able[0])
        seconds: tuple[float | None, float | None] = (None, None)
        if choice.tokens_per_s:
            first = self.prompt_tokens / max(choice.tokens_per_s)
            seconds = (round(first, 1), round(choice.able_first_token_s(self.prompt_tokens), 1))
        chosen = choice.chosen or fast
        return [
            self._preset("fast", fast, chosen, seconds[0]),
            self._preset("better", better, chosen, seconds[1]),
        ]

    def _preset(
        self, name: PresetName, model: str, chosen: str, first_token_s: float | None
    ) -> Preset:
        return Preset(
            name,
            model,
            self.store.has(model),
            not self.offline,
            model == chosen,
            self.store.registry[model].download_bytes // 1_000_000,
            first_token_s,
            self._percent.get(model),
            *self._errors.get(model, ("", "")),
        )

    def choose(self, access: Access, name: PresetName) -> threading.Thread | None:
        """From the next start on; where it isn't here, once a thread has downloaded it, which is
        returned, unless another one is chosen meanwhile. Raises Conflict where the operator has
        chosen, while it is being downloaded, and where it can't be."""
        preset = next((each for each in self.all() if each.name == name), None)
        if preset is None:
            raise Conflict(
                "The model is set where Zhiwen was started, which comes first.",
                code="setting_fixed",
            )
        model = preset.model
        if self.offline and not preset.here:
            raise Conflict(
                f"Zhiwen is set to stay offline. In a shell: zhiwen models use {model}",
                code="offline",
            )
        with self._lock:
            is_coming = model in self._percent
            if is_coming and self._wanted == model:
                raise Conflict(f"{model} is being downloaded.", code="downloading")
            self._wanted = model
            if preset.here:
                self._remember(access, model)
            if preset.here or is_coming:
                return None
            self._percent[model] = 0
            self._errors.pop(model, None)
        thread = threading.Thread(
            target=self._download, args=(access, model), name="download", daemon=True
        )
        thread.start()
        return thread

    def _download(self, access: Access, model: str) -> None:
        def show(progress: Progress) -> None:
            share = progress.done_bytes / max(1, progress.total_bytes)
            if progress.stage == "downloading":
                self._percent[model] = int(100 * share)

        try:
            self.store.pull(model, show)
            with self._lock:
                if self._wanted == model:
                    self._remember(access, model)
        except (ModelError, OSError) as error:
            log.warning("%s was not downloaded: %s", model, error)
            code = "disk_full" if is_full(error) else code_of(error)
            self._errors[model] = (str(error), code)
        finally:
            self._percent.pop(model, None)

    def _remember(self, access: Access, model: str) -> None:
        change_choice(self.data_dir, lambda choice: replace(choice, chosen=model))
        with self.db.write() as session:
            record(session, access, "setting.change", "setting", "model", value=model)
