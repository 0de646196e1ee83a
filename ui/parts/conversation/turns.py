"""The turns of the branch that is shown: a question with the variants of its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ui.client import wire


@dataclass(frozen=True, slots=True)
class Turn:
    """`followed`: the variant that the next question followed."""

    question: wire.Message
    answers: list[wire.Message]
    followed: str | None = None

    @property
    def place(self) -> int:
        """Of the variant to show: the one that was followed, else the newest."""
        ids = [answer["id"] for answer in self.answers]
        return ids.index(self.followed) if self.followed in ids else len(ids) - 1


def turns(messages: Sequence[wire.Message]) -> list[Turn]:
    found: list[Turn] = []
    groups = groupby(messages, key=lambda message: message["position"])
    by_place = [list(group) for _, group in groups]
    for (question, *_), answers, after in zip(
        by_place[::2], by_place[1::2], [*by_place[2::2], None], strict=False
    ):
        found.append(Turn(question, answers, after[0].get("parent_id") if after else None))
    return found
