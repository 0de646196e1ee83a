// The chat widget for web pages; docs/how-to/widget.md says how to embed it.
// What comes from the service is only ever set as text: nothing of it is read as HTML.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !script.dataset.key) {
    console.error("Zhiwen widget: the script tag has no data-key");
    return;
  }
  const { key, base = "" } = script.dataset;
  const address = new URL("api/widget/chat", script.src).href;
  const asked = script.dataset.language || document.documentElement.lang || navigator.language;
  const language = asked.toLowerCase().startsWith("zh") ? "zh" : "en";
  // What is sent along with the next question; the service refuses more than it needs.
  const KEPT_TURNS = 6, KEPT_CHARS = 8000;

  const WORDS = {
    en: {
      title: "Ask a question", open: "Open the chat", close: "Close the chat", send: "Send",
      stop: "Stop", placeholder: "Your question", writing: "Answering …", you: "You asked",
      answer: "Answer", sources: "Sources", page: (n) => `p. ${n}`, stopped: "Stopped.",
      welcome: "Answers come from documents and name their sources. They can be wrong.",
      failed: "That did not work. Please try again.",
      unreachable: "The service can't be reached from this page.",
      daily_limit: "The limit for today is used up. Please come back tomorrow.",
      too_many_attempts: (s) => `Too many questions. Please wait ${minutes(s)} min.`,
      question_too_long: "The question is too long. Please shorten it.",
      busy: "Too many people are asking. Please try again in a moment.",
      setup: "This chat is not set up correctly.",
    },
    zh: {
      title: "有问题？问一问", open: "打开对话", close: "关闭对话", send: "发送",
      stop: "停止", placeholder: "请输入您的问题", writing: "正在回答……", you: "您的提问",
      answer: "回答", sources: "出处", page: (n) => `第 ${n} 页`, stopped: "已停止。",
      welcome: "回答来自文档，并注明出处；内容可能有误，请以原文为准。",
      failed: "出错了，请再试一次。",
      unreachable: "无法从本网页连接到服务。",
      daily_limit: "今天的提问次数已用完，请明天再来。",
      too_many_attempts: (s) => `提问太频繁，请 ${minutes(s)} 分钟后再试。`,
      question_too_long: "问题太长，请缩短后再试。",
      busy: "提问的人太多，请稍后再试。",
      setup: "此对话窗口的设置有误。",
    },
  };
  const words = WORDS[language];
  const SAME = {
    engine_busy: "busy", too_large: "question_too_long",
    unauthenticated: "setup", key_scope: "setup", widget_key: "setup", not_found: "setup",
  };

  const STYLE = `
    :host { all: initial; --back: #fff; --front: #1b2426; --soft: #eef2f2; --line: #c3cccd;
      --dim: #566265; --accent: #00695c; --on: #fff; color-scheme: light }
    @media (prefers-color-scheme: dark) { :host(:not([data-theme=light])) { --back: #171d1f;
      --front: #e7eced; --soft: #232b2e; --line: #475155; --dim: #a5b1b4; --accent: #4db6ac;
      --on: #06201d; color-scheme: dark } }
    :host([data-theme=dark]) { --back: #171d1f; --front: #e7eced; --soft: #232b2e;
      --line: #475155; --dim: #a5b1b4; --accent: #4db6ac; --on: #06201d; color-scheme: dark }
    * { box-sizing: border-box; font: inherit; color: inherit; margin: 0 }
    .all { font: 15px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
      sans-serif; color: var(--front) }
    button { cursor: pointer; border: 0; background: none }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
    .bubble { position: fixed; right: 20px; bottom: 20px; width: 56px; height: 56px;
      border-radius: 50%; background: var(--accent); color: var(--on); z-index: 2147483000;
      box-shadow: 0 3px 12px #0005; display: grid; place-items: center }
    .panel { position: fixed; right: 20px; bottom: 88px; width: 380px; height: 560px;
      max-height: calc(100vh - 108px); background: var(--back); border: 1px solid var(--line);
      border-radius: 12px; box-shadow: 0 6px 28px #0004; z-index: 2147483001;
      display: flex; flex-direction: column; overflow: hidden }
    [hidden] { display: none !important }
    header { display: flex; align-items: center; padding: 10px 8px 10px 16px;
      border-bottom: 1px solid var(--line) }
    h2 { flex: 1; font-weight: 600; font-size: 16px; overflow-wrap: anywhere }
    .close { width: 44px; height: 44px; font-size: 22px; border-radius: 8px }
    .log { flex: 1; overflow-y: auto; padding: 16px; overscroll-behavior: contain }
    .log > * { margin-bottom: 12px; white-space: pre-wrap; overflow-wrap: anywhere }
    .note, .sources { color: var(--dim); font-size: 13px }
    .you { background: var(--soft); padding: 8px 12px; border-radius: 12px; margin-left: 40px }
    .sources { margin-top: 8px; padding: 0; list-style: none; white-space: normal }
    .sources li { padding: 4px 0 4px 10px; border-left: 2px solid var(--line); margin-top: 4px }
    .sources b { font-weight: 600; color: var(--front) }
    form { display: flex; gap: 8px; padding: 12px; border-top: 1px solid var(--line);
      align-items: end }
    textarea { flex: 1; min-width: 0; resize: none; height: 44px; max-height: 120px;
      font-size: 16px; line-height: 1.5; padding: 9px 12px; border: 1px solid var(--dim);
      border-radius: 8px; background: var(--back) }
    .send { min-width: 64px; height: 44px; padding: 0 12px; border-radius: 8px;
      background: var(--accent); color: var(--on); font-weight: 600 }
    .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    @media (max-width: 480px) { .panel { inset: 0; width: auto; height: auto; max-height: none;
      border: 0; border-radius: 0 } }`;

  function minutes(seconds) {
    return Math.max(1, Math.ceil((seconds || 60) / 60));
  }

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children); // strings become text nodes
    return element;
  }

  const host = make("zhiwen-widget", { lang: language === "zh" ? "zh-CN" : "en" });
  if (script.dataset.theme) host.dataset.theme = script.dataset.theme;
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet(); // unlike a style element, allowed by any content policy
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const bubble = make("button", {
    class: "bubble", type: "button", "aria-label": words.open, "aria-expanded": "false",
  }, icon());
  const title = make("h2", { id: "title" }, script.dataset.title || words.title);
  const close = make("button", { class: "close", type: "button", "aria-label": words.close }, "×");
  const log = make("div", { class: "log", role: "log", "aria-live": "off", tabindex: "0",
    "aria-labelledby": "title" }, make("p", { class: "note" }, words.welcome));
  const box = make("textarea", { "aria-label": words.placeholder, placeholder: words.placeholder,
    rows: "1", maxlength: "4000" });
  const send = make("button", { class: "send", type: "submit" }, words.send);
  const form = make("form", {}, box, send);
  const said = make("div", { class: "hidden", role: "status" });
  const panel = make("div", { class: "panel", role: "dialog", "aria-labelledby": "title" },
    make("header", {}, title, close), log, form, said);
  panel.hidden = true;
  root.append(make("div", { class: "all" }, panel, bubble));

  function icon() {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", "M4 4h16v12H9l-5 4z");
    path.setAttribute("fill", "currentColor");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("width", "26");
    svg.setAttribute("aria-hidden", "true");
    svg.append(path);
    return svg;
  }

  // While a Chinese input method composes, Enter chooses characters. Safari has ended the composition
  // by then, but still calls the key 229.
  const composes = (event) => event.isComposing || event.keyCode === 229;

  function show(open) {
    panel.hidden = !open;
    bubble.setAttribute("aria-expanded", String(open));
    bubble.setAttribute("aria-label", open ? words.close : words.open);
    (open ? box : bubble).focus();
  }

  bubble.addEventListener("click", () => show(panel.hidden));
  close.addEventListener("click", () => show(false));
  panel.addEventListener("keydown", (event) => {
    event.stopPropagation(); // shortcuts of the page are not for what is typed here
    if (composes(event)) return;
    if (event.key === "Escape") show(false);
    if (event.key !== "Tab" || !matchMedia("(max-width: 480px)").matches) return;
    const [first, last] = event.shiftKey ? [close, send] : [send, close];
    if (root.activeElement !== first) return; // the panel covers the page: stay in it
    event.preventDefault();
    last.focus();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || composes(event)) return;
    event.preventDefault();
    if (!running) form.requestSubmit();
  });

  let running = null;
  const turns = [];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) return running.abort();
    const question = box.value.trim();
    if (!question) return;
    box.value = "";
    ask(question);
  });

  async function ask(question) {
    log.append(make("p", { class: "you" }, make("span", { class: "hidden" }, `${words.you}: `),
      question));
    const text = make("span", {}, words.writing);
    const answer = make("div", {}, make("span", { class: "hidden" }, `${words.answer}: `), text);
    log.append(answer);
    log.scrollTop = log.scrollHeight;
    said.textContent = words.writing;
    running = new AbortController();
    send.textContent = words.stop;
    try {
      await stream(question, text, answer);
    } catch (error) {
      if (error.name !== "AbortError") {
        text.textContent = message(error);
        box.value ||= question; // to be sent again, unless another is begun
      } else if (text.textContent === words.writing) {
        text.textContent = words.stopped;
      }
      said.textContent = text.textContent;
    }
    running = null;
    send.textContent = words.send;
  }

  async function stream(question, text, answer) {
    const response = await fetch(address, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ question, base, history: turns.slice(-KEPT_TURNS) }),
      credentials: "omit",
      signal: running.signal,
    });
    if (!response.ok) throw { problem: await response.json().catch(() => ({})) };
    let begun = false;
    for await (const [name, data] of events(response)) {
      const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      if (name === "delta") {
        text.textContent = (begun ? text.textContent : "") + data.text;
        begun = true;
      } else if (name === "restart") {
        text.textContent = words.writing;
        begun = false;
      } else if (name === "error") {
        throw { problem: data };
      } else if (name === "done") {
        text.textContent = said.textContent = data.text;
        cite(answer, data.citations);
        turns.push({ role: "user", content: question },
          { role: "assistant", content: data.text.slice(0, KEPT_CHARS) });
        if (below) log.scrollTop = log.scrollHeight;
        return;
      }
      if (below) log.scrollTop = log.scrollHeight;
    }
    throw { problem: {} }; // the connection ended before the answer did
  }

  function cite(answer, citations) {
    if (!citations.length) return;
    const list = make("ul", { class: "sources", "aria-label": words.sources });
    for (const { marker, document_name, page, text } of citations) {
      const place = page ? `, ${words.page(page)}` : "";
      list.append(make("li", {}, make("b", {}, `[${marker}] ${document_name}`), place, ": ", text));
    }
    answer.append(list);
  }

  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let buffer = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (buffer + value).replaceAll("\r\n", "\n").split("\n\n");
      buffer = blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n");
        const of = (field) => lines.filter((line) => line.startsWith(field))
          .map((line) => line.slice(field.length).trimStart()).join("\n");
        if (of("data:")) yield [of("event:"), JSON.parse(of("data:"))];
      }
    }
  }

  function message(error) {
    if (!error.problem) return error instanceof TypeError ? words.unreachable : words.failed;
    const { code, seconds } = error.problem;
    const found = Object.hasOwn(SAME, code) ? words[SAME[code]] : words[code];
    const limits = ["daily_limit", "too_many_attempts", "question_too_long", "busy"];
    if (Object.hasOwn(SAME, code) || limits.includes(code))
      return typeof found === "function" ? found(seconds) : found;
    return words.failed;
  }

  const place = () => document.body.append(host);
  document.body ? place() : addEventListener("DOMContentLoaded", place);
})();
