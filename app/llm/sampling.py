"""How a model is sampled, and whether it thinks: by entry of engines.toml or of the registry."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Switch = Literal["no", "always", "template"]


class Sampling(BaseModel):
    """Sampling settings; None leaves one to the server. Names as vLLM's OpenAI server has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    repetition_penalty: float | None = Field(None, gt=0)

    def with_temperature(self, temperature: float | None) -> dict[str, float]:
        """As fields of a request; a `temperature` that was asked for comes first, 0 comes last."""
        fields = self.model_dump(exclude_none=True)
        if self.repetition_penalty is not None:
            fields["repeat_penalty"] = self.repetition_penalty  # as llama.cpp calls it
        asked = self.temperature if temperature is None else temperature
        return {**fields, "temperature": asked or 0.0}


@dataclass(frozen=True, slots=True)
class Thinking:
    """Whether a model thinks: `no`, `always`, or by a switch that its chat template has, whose
    `argument` is true or false. `opened`: the template opens the thought, so that the text begins
    inside it. A thought may take `max_tokens` beside those of the answer."""

    switch: Switch = "no"
    by_default: bool = False
    argument: str = "enable_thinking"
    opened: bool = False
    max_tokens: int = 2048

    def is_on(self, asked: bool | None) -> bool:
        """Whether a request that asks for it, or against it, or neither, makes the model think."""
        if self.switch == "template":
            return self.by_default if asked is None else asked
        return self.switch == "always"
