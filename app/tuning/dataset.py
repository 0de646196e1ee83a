"""Builds a data set from rated and approved answers: rows, a held-out part, and what was left out.

Held out is a quarter of the documents, chosen by a hash of the name: a document stays on its side
in every later version and in every base, so that no version was ever trained on what another one is
measured by. A data set is named by its content and never changes.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from app.llm.messages import Message
from app.tuning.curate import curate_examples, curate_labels, curate_pairs
from app.tuning.formats import JsonRow, dpo_row, kto_row, messages_row
from app.tuning.near import first_near
from app.tuning.refusals import refuses, without_document
from app.tuning.types import LeftOut, RatedAnswer

Method = Literal["sft", "dpo", "kto"]
METHODS: tuple[Method, ...] = get_args(Method)
Origin = Literal["correction", "approved", "rating", "synthetic", "refusal"]
Split = Literal["train", "held_out"]

HELD_OUT = 4  # one document of so many
_REFUSALS_OF = 5  # one refusal to so many answers, as they are wrong as often as they are right

# Reasons of this step, beside those of `Exclusion`.
OTHER_STYLE = "other_style"
NEAR_DUPLICATE = "near_duplicate"
LIKE_HELD_OUT = "like_held_out"
NO_OTHER_SOURCE = "no_other_source"
SYNTHETIC_HELD_OUT = "synthetic_held_out"


@dataclass(frozen=True, slots=True)
class Source:
    """An answer that may become rows. `document` is the name of the document that answers it."""

    rated: RatedAnswer
    question: str
    document: str
    style: str
    approved: bool = False
    synthetic: bool = False  # made by a model: trained on, and never measured by

    @property
    def origin(self) -> Origin:
        if self.synthetic:
            return "synthetic"
        if self.approved:
            return "approved"
        return "correction" if self.rated.correction.strip() else "rating"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `content` is the prompt and its targets, as lists of messages, in TRL's forms."""

    split: Split
    origin: Origin
    question: str
    document: str
    content: JsonRow

    @property
    def target(self) -> str:
        """The text that is right, or that is judged."""
        found = self.content.get("chosen") or self.content.get("completion")
        return str(found[0]["content"]) if found else ""

    @property
    def texts(self) -> str:
        """The question and everything that is said to it."""
        names = ("chosen", "rejected", "completion")
        said = [self.content[name][0]["content"] for name in names if name in self.content]
        return "\n".join((self.question, *said))

    @property
    def key(self) -> str:
        """SHA-256 of what is trained on."""
        return hashlib.sha256(_line(self.content)).hexdigest()

    @property
    def prompt(self) -> tuple[Message, ...]:
        return tuple(Message(turn["role"], turn["content"]) for turn in self.content["prompt"])


@dataclass(frozen=True, slots=True)
class DataSet:
    """`left_out`: by reason, how many answers or rows."""

    method: Method
    style: str
    rows: tuple[Row, ...]
    left_out: Mapping[str, int]
    base_ids: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def lines(self) -> Iterator[bytes]:
        for row in self.rows:
            yield _line(asdict(row))

    @property
    def sha256(self) -> str:
        hashed = hashlib.sha256(f"{self.method} {self.style}\n".encode())
        for line in self.lines:
            hashed.update(line)
        return hashed.hexdigest()

    @property
    def name(self) -> str:
        return f"{self.method}-{self.sha256[:12]}"

    def part(self, split: Split) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.split == split)

    def card(self) -> dict[str, Any]:
        """What is in it, where it comes from and who may see it: whoever may read all of
        `restrictions.base_ids`, since every row quotes from one of them."""
        return {
            "method": self.method,
            "style": self.style,
            "models": list(self.models),
            "rows": {split: len(self.part(split)) for split in get_args(Split)},
            "origins": dict(sorted(Counter(row.origin for row in self.rows).items())),
            "documents": {
                split: len({row.document for row in self.part(split)}) for split in get_args(Split)
            },
            "left_out": dict(sorted(self.left_out.items())),
            "restrictions": {"base_ids": list(self.base_ids)},
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows by question; `moved` changed their side, which no later version should do."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...] = field(default=())


def build_dataset(sources: Iterable[Source], method: Method, style: str) -> DataSet:
    """The rows of one prompt style, independent of the order of `sources`."""
    given = sorted(sources, key=lambda each: (each.rated.created_at, each.rated.message_id))
    left_out: Counter[str] = Counter()
    own = []
    for source in given:
        if source.style != style:
            left_out[OTHER_STYLE] += 1
        elif source.synthetic and split_of(source.document) == "held_out":
            left_out[SYNTHETIC_HELD_OUT] += 1
        else:
            own.append(source)
    rows, dropped = _curated(own, method)
    left_out.update(str(each.reason) for each in dropped)
    if method == "sft" and refuses(style):
        rows += _refusals(rows, left_out)
    rows = _apart(_distinct(rows, left_out), left_out)
    return DataSet(
        method,
        style,
        tuple(rows),
        left_out,
        tuple(sorted({id_ for each in own for id_ in each.rated.base_ids})),
        tuple(sorted({each.rated.model or "" for each in own} - {""})),
    )


def read_dataset(lines: Iterable[bytes], method: Method, style: str) -> DataSet:
    """The data set that was written with `lines`; without what only its card knows."""
    rows = tuple(Row(**json.loads(line)) for line in lines if line.strip())
    return DataSet(method, style, rows, {})


def differ(before: DataSet, after: DataSet) -> Difference:
    """What changed from one version to another."""
    old, new = ({row.key: row for row in each.rows} for each in (before, after))
    return Difference(
        tuple(row.question for key, row in new.items() if key not in old),
        tuple(row.question for key, row in old.items() if key not in new),
        tuple(r.question for key, r in new.items() if key in old and old[key].split != r.split),
    )


def split_of(document: str) -> Split:
    """The side of a document, by a hash of its name."""
    digest = hashlib.sha256(document.encode()).hexdigest()
    return "held_out" if int(digest, 16) % HELD_OUT == 0 else "train"


def _curated(sources: Sequence[Source], method: Method) -> tuple[list[Row], tuple[LeftOut, ...]]:
    rated = [each.rated for each in sources]
    by_id = {each.rated.message_id: each for each in sources}
    match method:
        case "sft":
            examples = curate_examples(rated)
            contents = [(r.message_ids, _completion(messages_row(r))) for r in examples.rows]
            return [_row(by_id[ids[0]], c) for ids, c in contents], examples.left_out
        case "dpo":
            pairs = curate_pairs(rated)
            return [_row(by_id[r.message_ids[-1]], dpo_row(r)) for r in pairs.rows], pairs.left_out
        case "kto":
            labels = curate_labels(rated)
            found = [_row(by_id[r.message_ids[0]], kto_row(r)) for r in labels.rows]
            return found, labels.left_out


def _completion(row: JsonRow) -> JsonRow:
    return {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]}


def _row(source: Source, content: JsonRow) -> Row:
    side = split_of(source.document)
    return Row(side, source.origin, source.question, source.document, content)


def _refusals(rows: Sequence[Row], left_out: Counter[str]) -> list[Row]:
    """One to `_REFUSALS_OF` rows of each side, those with the lowest hash."""
    found = []
    for split in get_args(Split):
        chosen = sorted((r for r in rows if r.split == split), key=lambda row: row.key)
        for row in chosen[: -(-len(chosen) // _REFUSALS_OF)]:
            made = without_document(row.prompt, row.question, row.document)
            if made is None:
                left_out[NO_OTHER_SOURCE] += 1
                continue
            prompt, target = made
            content = {
                "prompt": [{"role": m.role, "content": m.content} for m in prompt],
                "completion": [{"role": "assistant", "content": target}],
            }
            found.append(Row(split, "refusal", row.question, row.document, content))
    return found


def _distinct(rows: Sequence[Row], left_out: Counter[str]) -> list[Row]:
    """Without those that say nearly what an earlier one says. Texts that are judged both good and
    bad differ in their label, refusals in their kind."""
    kept = []
    nearest = first_near([row.texts for row in rows])
    for row, earlier in zip(rows, nearest, strict=True):
        if earlier is not None and _kind(rows[earlier]) == _kind(row):
            left_out[NEAR_DUPLICATE] += 1
        else:
            kept.append(row)
    return kept


def _kind(row: Row) -> tuple[object, ...]:
    return row.origin == "refusal", row.content.get("label")


def _apart(rows: Sequence[Row], left_out: Counter[str]) -> list[Row]:
    """Without trained rows that ask nearly what a held-out row asks."""
    held_out = [row for row in rows if row.split == "held_out"]
    train = [row for row in rows if row.split == "train"]
    questions = list(dict.fromkeys(row.question for row in held_out))
    near = first_near([*questions, *(row.question for row in train)])[len(questions) :]
    kept = []
    for row, like in zip(train, near, strict=True):
        if like is not None and like < len(questions):
            left_out[LIKE_HELD_OUT] += 1
        else:
            kept.append(row)
    return [*kept, *held_out]


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"
