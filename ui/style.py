"""CSS for what Streamlit's theme does not cover."""

from ui.words.texts import t

_UPLOADER = """
<style>
/* Streamlit's uploader is in English only */
[data-testid="stFileUploaderDropzone"] button p { font-size: 0; }
[data-testid="stFileUploaderDropzone"] button p::after { content: "%s"; font-size: 0.9rem; }
[data-testid="stFileUploaderDropzoneInstructions"] * { font-size: 0 !important; }
[data-testid="stFileUploaderDropzoneInstructions"]::after { content: "%s"; font-size: 0.82rem; }
</style>
"""

# An empty date says yyyy/mm/dd in every language.
_DATE_HINT = """
[role="spinbutton"][data-placeholder][data-type="%s"] { font-size: 0; }
[role="spinbutton"][data-placeholder][data-type="%s"]::after { content: "%s"; font-size: 0.93rem; }
"""


def style() -> str:
    """HTML for the head of every page, in the current language."""
    hints = "".join(
        _DATE_HINT % (part, part, t(f"date.{part}")) for part in ("year", "month", "day")
    )
    uploader = _UPLOADER % (t("upload.choose"), t("upload.help"))
    return f"{STYLE}{uploader}<style>{hints}</style>"


STYLE = """
<style>
/* Dialogs and menus stand beside Streamlit's app, which alone knows its theme: the system's */
body { color-scheme: light dark; }
.stMainBlockContainer, [data-testid="stBottomBlockContainer"] {
  max-width: 54rem; margin: 0 auto; padding-left: 1.5rem; padding-right: 1.5rem;
}
.stMainBlockContainer { padding-top: 3rem; padding-bottom: 3rem; }
[data-testid="stBottomBlockContainer"] { padding-top: 0.5rem; padding-bottom: 1.25rem; }

/* Markers in an answer */
a[href^="#cite-"] {
  display: inline-block; min-width: 1.3em; padding: 0 0.3em; margin: 0 0.1em;
  border-radius: 0.45em; background: rgba(90, 140, 190, 0.18); text-align: center;
  font-size: 0.76em; line-height: 1.5; font-weight: 600; text-decoration: none !important;
  vertical-align: 0.1em;
}
a[href^="#doubt"] {
  padding: 0 0.25em; margin: 0 0.1em; border-bottom: 1px dotted currentColor; opacity: 0.65;
  font-size: 0.76em; vertical-align: 0.25em; text-decoration: none !important; cursor: help;
}
a[href^="#cite-"]:hover { background: rgba(90, 140, 190, 0.38); }

/* Streamlit's are too pale to be read by everyone */
.stMarkdown [data-testid="stCaptionContainer"] {
  color: light-dark(#5b6570, #a3adb7); opacity: 1;
}

[data-testid^="stBaseButton-primary"]:not([class*="-sure"] *),
[data-testid="stMultiSelect"] [data-tag] > * {
  color: light-dark(#ffffff, #0c1116);
}
[data-testid="stCode"] .token { color: inherit !important; }
.stPageLink a:focus-visible {
  outline: 2px solid light-dark(#1f5f8b, #5aa2d6) !important; outline-offset: -2px;
}

/* "Press Enter to apply", which speaks English only */
[data-testid="InputInstructions"] { display: none; }

/* A source's text */
.zw-download {
  display: block; padding: 0.42rem 0.75rem; border: 1px solid rgba(128, 140, 150, 0.35);
  border-radius: 0.5rem; color: inherit !important; text-decoration: none !important;
  font-size: 0.93em;
  white-space: nowrap;
}
.zw-download::before { content: "↓"; padding-right: 0.5em; }
.zw-download:hover, .zw-download:focus-visible {
  border-color: light-dark(#1f6391, #5ba3d9); color: light-dark(#1f6391, #5ba3d9) !important;
}
.zw-source {
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.75; max-height: 50vh;
  overflow-y: auto; padding: 0.9rem 1.1rem; border-radius: 0.6rem;
  border: 1px solid rgba(128, 140, 150, 0.3);
}
[data-testid="stDialog"] > div:has(.st-key-source-next) .zw-source {
  max-height: max(16rem, calc(100dvh - 19rem));
}
.zw-source .zw-heading { font-weight: 600; font-size: 1.05em; }
.zw-source mark { color: inherit; border-radius: 0.2em; }
.zw-source mark.passage { background: rgba(90, 140, 190, 0.13); }
.zw-source mark.cited { background: rgba(255, 190, 0, 0.38); }

.zw-table { border-collapse: collapse; margin: 0.6rem 0; white-space: normal; line-height: 1.5; }
.zw-table caption { text-align: left; padding-bottom: 0.3rem; opacity: 0.75; }
.zw-table th, .zw-table td {
  border: 1px solid rgba(128, 140, 150, 0.35); padding: 0.2rem 0.6rem; text-align: left;
  vertical-align: top; min-width: 1.5rem; overflow-wrap: break-word;
}
.zw-table th { background: rgba(128, 140, 150, 0.12); font-weight: 600; }

/* What a model thinks: long thoughts scroll, the newest words stay in view while it does */
[class*="st-key-thinking-"], [class*="st-key-thought-"] {
  max-height: 16rem; overflow-y: auto; overflow-wrap: anywhere;
}
[class*="st-key-thinking-"] { flex-direction: column-reverse; justify-content: flex-start; }
[class*="st-key-thinking-"] > * { flex-shrink: 0; }
[class*="st-key-folded-thought-"] details, [class*="st-key-folded-thinking-"] details {
  border-color: rgba(128, 140, 150, 0.25);
}

/* Questions to the right, answers across the page */
[class*="st-key-asked-"] [data-testid="stMarkdown"] {
  background: rgba(128, 140, 150, 0.14); border-radius: 1rem; padding: 0.55rem 1rem;
  overflow-wrap: anywhere;
}
[class*="st-key-asked-"] > div { max-width: 85%; }
/* What can be done with a question, in one line below it */
[class*="st-key-asked_tools-"] { flex-wrap: nowrap !important; min-height: 1.9rem; }
[class*="st-key-asked_tools-"] button { padding: 0.15rem; min-height: 1.75rem; }
[class*="st-key-asked_tools-"] p { font-size: 0.85rem; white-space: nowrap; }
[class*="st-key-chips-"] button p, [class*="st-key-row-"] button p { text-align: left; }
[class*="st-key-chips-"] button { max-width: 100%; min-height: 1.9rem; padding: 0.1rem 0.7rem; }
[class*="st-key-chips-"] button p { font-size: 0.82rem; }

/* Left: conversations take the room that pages and language leave */
[data-testid="stSidebarHeader"] { height: 2.5rem; margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { padding-bottom: 0.75rem; }
.st-key-app-name p { font-size: 1.1rem; }
.st-key-conversations {
  flex: none; min-height: max(9rem, 100vh - 27rem); max-height: max(9rem, 100vh - 27rem);
  overflow-y: auto; overflow-x: hidden;
}
.st-key-conversations::-webkit-scrollbar { width: 6px; }
/* the account takes a row, and another page for administrators */
body:has(.st-key-account) .st-key-conversations {
  min-height: max(9rem, 100vh - 31rem); max-height: max(9rem, 100vh - 31rem);
}
body:has(.st-key-account):has(.st-key-pages a[href*="/people"]) .st-key-conversations {
  min-height: max(9rem, 100vh - 33rem); max-height: max(9rem, 100vh - 33rem);
}
.st-key-account-menu { flex-wrap: nowrap !important; }
.st-key-account button[aria-expanded="true"] { color: inherit; }
.st-key-account button { padding: 0.25rem 0.5rem; }
.st-key-pages { border-top: 1px solid rgba(128, 140, 150, 0.25); padding-top: 0.75rem; }
.st-key-language-switch button { padding: 0.25rem 0.5rem; }

/* Conversations: one line each, the menu appears when it is needed */
[class*="st-key-row-"] { flex-wrap: nowrap !important; }
[class*="st-key-row-"] > div:first-child { min-width: 0; flex: 1 1 0; }
[class*="st-key-row-"] .stPageLink a {
  padding: 0.1rem 0.5rem; min-height: 1.9rem; overflow: hidden; background: none;
}
[class*="st-key-row-"] .stPageLink a span, [class*="st-key-row-"] .stPageLink a p {
  font-weight: normal;
}
[class*="st-key-row-"] .stPageLink a:hover { background: rgba(128, 140, 150, 0.14); }
[class*="st-key-row-"] .stPageLink p {
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}

/* Links that look like buttons */
.st-key-new .stPageLink a {
  justify-content: center; padding: 0.4rem; border-radius: 0.6rem;
  border: 1px solid rgba(128, 140, 150, 0.35); background: none;
}
.st-key-new .stPageLink a:hover { background: rgba(128, 140, 150, 0.14); }
[class*="st-key-goto-"] .stPageLink a { background: none; }
[data-testid="stMenuButtonButton"] > div > [aria-hidden="true"] { display: none; }
[class*="st-key-row-"] [data-testid="stMenuButtonButton"] { padding: 0.2rem; min-height: 1.9rem; }

/* Buttons of an icon alone: their words are for those who hear the page */
:is([class*="st-key-summarise-"], [class*="st-key-open-"], [class*="st-key-remove-"],
  [class*="st-key-found-open-"],
  [class*="st-key-detach-"], [class*="st-key-restrict-"], [class*="st-key-menu-"],
  .st-key-base-menu,
  [class*="st-key-variant-"], [class*="st-key-variant1-"], [class*="st-key-reword-"],
  [class*="st-key-branch-"], [class*="st-key-branch1-"])
  button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}

/* What can't be undone */
[class*="st-key-"][class*="-sure"] button {
  background: #b3261e; border-color: #b3261e; color: #fff;
}
[class*="st-key-"][class*="-sure"] button:hover { background: #8c1d18; color: #fff; }

/* A conversation is called by its title, which nobody needs to see twice */
[data-testid="stLayoutWrapper"]:has(> .st-key-heard-title) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}

/* Files: one row each, divided by a line */
[class*="st-key-filerow-"] {
  padding: 0.55rem 0.1rem; border-bottom: 1px solid rgba(128, 140, 150, 0.2);
}
[class*="st-key-filehead-"] { flex-wrap: nowrap !important; }
[class*="st-key-filehead-"] > div:first-child { flex: none; width: auto; }
[class*="st-key-filehead-"] > [class*="st-key-fileinfo-"],
[class*="st-key-filehead-"] > div:has(> [class*="st-key-fileinfo-"]) { min-width: 0; flex: 1 1 0; }
[class*="st-key-filefailure-"] { padding-left: 2rem; }
[class*="st-key-filefailure-"] button { min-height: 1.9rem; padding: 0.1rem 0.7rem; }
[class*="st-key-filerow-"] p { overflow-wrap: anywhere; }

[class*="st-key-attachedfile-"] { flex-wrap: nowrap !important; width: auto; max-width: 100%; }
.st-key-attached { row-gap: 0; }
.st-key-attached button { min-height: 1.9rem; padding: 0.1rem 0.4rem; }

/* Of the audit only the object is long; the Markdown within a cell has a white-space of its own */
.st-key-audit-table :is(td, th):not(:nth-child(4)),
.st-key-audit-table :is(td, th):not(:nth-child(4)) * { white-space: nowrap; }

@media (hover: hover) {
  [class*="st-key-reword-"] { opacity: 0; }
  [class*="st-key-turn-"]:hover [class*="st-key-reword-"],
  [class*="st-key-turn-"]:focus-within [class*="st-key-reword-"] { opacity: 1; }
  [class*="st-key-row-"] [data-testid="stMenuButton"] { opacity: 0; }
  [class*="st-key-row-"]:hover [data-testid="stMenuButton"],
  [class*="st-key-row-"]:focus-within [data-testid="stMenuButton"] { opacity: 1; }
}
.st-key-new-on-top { display: none; }
@media (max-width: 767.98px) {
  .st-key-new-on-top {
    display: block; position: fixed; top: 1rem; right: 0.75rem; width: auto; z-index: 999991;
  }
  .st-key-new-on-top a { background: none; }
}
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 4.25rem; }
  [class*="st-key-filehead-"] { gap: 0.5rem; }
  .stMainBlockContainer, [data-testid="stBottomBlockContainer"] {
    padding-left: 1rem; padding-right: 1rem;
  }
  /* The drawer with a source takes the whole screen */
  [data-testid="stDialog"] > div:has(.st-key-source-next) {
    width: 100% !important; max-width: 100% !important;
  }
}
/* Where there is room, the conversation moves aside for it */
@media (min-width: 1500px) {
  body:has([data-testid="stDialog"] .st-key-source-next) [data-testid="stMain"] {
    padding-right: 680px;
  }
}
</style>
"""
