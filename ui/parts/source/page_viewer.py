"""A page of a document as it looks, with boxes around words: a component of ours.

Its code is fixed; what it shows reaches it as numbers and plain text, never as HTML.
"""

from collections.abc import Sequence
from typing import TypedDict

import streamlit as st

from ui.client import wire
from ui.passed_on import PAGES
from ui.words.texts import t

_HTML = """
<div class="viewer" tabindex="0" role="group">
  <div class="bar">
    <button type="button" class="before">‹</button>
    <span class="where" aria-live="polite"></span>
    <button type="button" class="after">›</button>
    <span class="gap"></span>
    <button type="button" class="less">−</button>
    <button type="button" class="more">+</button>
  </div>
  <div class="frame">
    <div class="sheet"><img alt=""><div class="boxes"></div></div>
    <p class="said" role="status"></p>
  </div>
</div>
"""

_CSS = """
.viewer { outline: none; font-family: var(--st-font); color: var(--st-text-color); }
.bar { display: flex; align-items: center; gap: 0.25rem; padding-bottom: 0.4rem; }
.gap { flex: 1; }
.where { min-width: 4.5rem; text-align: center; font-size: 0.875rem; opacity: 0.85; }
button {
  width: 2.4rem; height: 2.4rem; border-radius: 0.5rem; cursor: pointer; font-size: 1.15rem;
  line-height: 1; color: inherit; background: none; border: 1px solid rgba(128, 140, 150, 0.35);
}
button:hover:enabled { background: rgba(128, 140, 150, 0.14); }
button:disabled { opacity: 0.35; cursor: default; }
.viewer:focus-visible .frame, button:focus-visible {
  outline: 2px solid var(--st-primary-color); outline-offset: 1px;
}
.frame {
  position: relative; overflow: auto; height: max(16rem, calc(100dvh - 21rem));
  border: 1px solid rgba(128, 140, 150, 0.3); border-radius: 0.6rem;
  background: rgba(128, 140, 150, 0.12); overscroll-behavior: contain;
}
@media (max-width: 640px) { .frame { height: max(16rem, calc(100dvh - 25rem)); } }
.sheet { position: relative; width: 100%; background: white; }
img { display: block; width: 100%; height: auto; }
img:not([src]) { visibility: hidden; }
.sheet.empty { visibility: hidden; }
.box { position: absolute; pointer-events: none; border-radius: 2px; mix-blend-mode: multiply; }
.box.passage { background: rgba(90, 140, 190, 0.12); }
.box.cited { background: rgba(255, 205, 60, 0.4); box-shadow: 0 0 0 2px rgb(214, 140, 0); }
.said { position: absolute; inset: 1rem 1rem auto; margin: 0; font-size: 0.9rem; opacity: 0.85; }
.said:empty { display: none; }
"""

_JS = """
const ZOOMS = [1, 1.5, 2, 3];
const MARGIN = 0.0025; // of the page around a box, so that letters stay clear of it

class Viewer {
  constructor(root) {
    this.root = root;
    this.frame = root.querySelector(".frame");
    this.sheet = root.querySelector(".sheet");
    this.image = root.querySelector("img");
    this.zoom = 0;
    this.page = 0;
    this.shown = ""; // page and width of the picture
    const on = (name, act) => { root.querySelector(name).onclick = act; };
    on(".before", () => this.turn(-1));
    on(".after", () => this.turn(1));
    on(".less", () => this.scale(-1));
    on(".more", () => this.scale(1));
    root.onkeydown = (event) => this.key(event);
    new ResizeObserver(() => this.fetch()).observe(this.frame);
  }
  show(data) {
    this.data = data;
    for (const [name, text] of Object.entries(data.words.buttons)) {
      const button = this.root.querySelector("." + name);
      button.title = text;
      button.setAttribute("aria-label", text);
    }
    this.root.setAttribute("aria-label", data.words.keys);
    if (this.key_of_data === data.key) return this.draw();
    this.key_of_data = data.key;
    this.zoom = 0;
    this.open(data.first);
    this.root.focus({ preventScroll: true });
  }
  turn(step) {
    const page = this.page + step;
    if (page >= 1 && page <= this.data.count) this.open(page);
  }
  open(page) {
    this.page = page;
    this.shown = "";
    this.fresh = true;
    this.sheet.classList.add("empty");
    this.draw();
    this.fetch();
  }
  scale(step) {
    const zoom = Math.min(Math.max(this.zoom + step, 0), ZOOMS.length - 1);
    if (zoom === this.zoom) return;
    const { frame } = this;
    const ratio = ZOOMS[zoom] / ZOOMS[this.zoom];
    const [across, down] = [frame.clientWidth / 2, frame.clientHeight / 2];
    const [x, y] = [frame.scrollLeft + across, frame.scrollTop + down];
    this.zoom = zoom;
    this.draw();
    frame.scrollTo({ left: x * ratio - across, top: y * ratio - down });
    this.fetch();
  }
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const sideways = (step) => {
      if (this.zoom) this.frame.scrollBy({ left: 60 * step });
      else this.turn(step);
    };
    const scroll = (step) => this.frame.scrollBy({ top: 60 * step });
    const acts = {
      PageUp: () => this.turn(-1), PageDown: () => this.turn(1),
      ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1),
      ArrowUp: () => scroll(-1), ArrowDown: () => scroll(1),
      "+": () => this.scale(1), "=": () => this.scale(1), "-": () => this.scale(-1),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
  draw() {
    const { data, page } = this;
    this.sheet.style.width = ZOOMS[this.zoom] * 100 + "%";
    this.root.querySelector(".where").textContent = this.image.alt = `${page} / ${data.count}`;
    this.root.querySelector(".before").disabled = page <= 1;
    this.root.querySelector(".after").disabled = page >= data.count;
    this.root.querySelector(".less").disabled = this.zoom === 0;
    this.root.querySelector(".more").disabled = this.zoom === ZOOMS.length - 1;
    const boxes = (data.pages[page] || []).map(([kind, x0, y0, x1, y1]) => {
      const box = document.createElement("div");
      box.className = "box " + (kind === "cited" ? "cited" : "passage");
      const around = kind === "cited" ? MARGIN : 0;
      box.style.left = (x0 - around) * 100 + "%";
      box.style.top = (y0 - around / 2) * 100 + "%";
      box.style.width = (x1 - x0 + 2 * around) * 100 + "%";
      box.style.height = (y1 - y0 + around) * 100 + "%";
      return box;
    });
    this.root.querySelector(".boxes").replaceChildren(...boxes);
  }
  async fetch() {
    if (!this.page || !this.frame.clientWidth) return;
    const wanted = this.frame.clientWidth * ZOOMS[this.zoom] * (window.devicePixelRatio || 1);
    const width = Math.min(Math.max(Math.ceil(wanted / 200) * 200, 400), 1600);
    const shown = `${this.page}-${width}`;
    if (this.shown === shown) return;
    this.shown = shown;
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const said = this.root.querySelector(".said");
    if (this.fresh) said.textContent = this.data.words.loading;
    try {
      const address = `${this.data.address}/${this.page}?width=${width}`;
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const picture = URL.createObjectURL(await answer.blob());
      const before = this.picture;
      this.picture = this.image.src = picture;
      await this.image.decode();
      if (before) URL.revokeObjectURL(before);
      said.textContent = "";
      this.sheet.classList.remove("empty");
      if (this.fresh) this.find();
      this.fresh = false;
    } catch {
      if (asked.signal.aborted) return;
      this.shown = "";
      if (this.fresh) said.textContent = this.data.words.failed;
    }
  }
  find() {
    const box = this.root.querySelector(".box.cited") || this.root.querySelector(".box");
    const top = box ? box.offsetTop - this.frame.clientHeight / 4 : 0;
    this.frame.scrollTo({ top, left: 0 });
  }
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".viewer");
  root.viewer ??= new Viewer(root);
  root.viewer.show(data);
}
"""

_viewer = st.components.v2.component("zhiwen_page", html=_HTML, css=_CSS, js=_JS)

Box = tuple[str, float, float, float, float]  # kind, x0, y0, x1, y1


class _Data(TypedDict):
    key: str
    address: str
    first: int
    count: int
    pages: dict[int, list[Box]]
    words: dict[str, object]


def boxes_by_page(kinds: Sequence[tuple[str, list[wire.PageBoxes]]]) -> dict[int, list[Box]]:
    """Boxes of several kinds together; those of later ones lie above."""
    found: dict[int, list[Box]] = {}
    for kind, pages in kinds:
        for page in pages:
            boxes = [(kind, b["x0"], b["y0"], b["x1"], b["y1"]) for b in page["boxes"]]
            found.setdefault(page["page"], []).extend(boxes)
    return found


def draw(document_id: str, first: int, count: int, boxes: dict[int, list[Box]], place: str) -> None:
    """The document's pages. Whenever `place` changes, page `first` is opened at its boxes."""
    data: _Data = {
        "key": f"{document_id}-{place}",
        "address": f"/{PAGES}/{document_id}",
        "first": first,
        "count": count,
        "pages": boxes,
        "words": {
            "buttons": {
                "before": t("viewer.before"),
                "after": t("viewer.after"),
                "less": t("viewer.less"),
                "more": t("viewer.more"),
            },
            "keys": t("viewer.keys"),
            "loading": t("viewer.loading"),
            "failed": t("viewer.failed"),
        },
    }
    _viewer(key=f"page-{document_id}", data=data, height="content")
