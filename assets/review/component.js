// The entry that Streamlit calls, again after every change of its input: the list. What is decided comes by relay.js, so
// that a decision never sends the list again. Everything pressed is numbered and sent until the server says that it heard.

const post = (globalThis.labScatter ??= { parts: new Map(), apps: new Map() });
const KEYS = { k: "keep", r: "relabel", d: "drop", u: "unsure", Backspace: "clear", Delete: "clear" };
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export default function review(component) {
  const root = component.parentElement.querySelector(".lab-review");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const end = component.data.indexOf(10); // a line of JSON, then the list
  const heading = JSON.parse(new TextDecoder().decode(component.data.subarray(0, end)));
  app.name = heading.name;
  post.apps.set(app.name, app.receive);
  takeList(app, heading, component.data.subarray(end + 1));
  for (const [part, body] of post.parts.get(app.name) ?? []) app.receive(part, body);
  return () => dispose(app);
}

function createApp(root) {
  const one = (selector) => root.querySelector(selector);
  const app = { root, abort: new AbortController(), known: new Map(), asked: [], lines: [], next: 1, at: 0 };
  app.client = Array.from(crypto.getRandomValues(new Uint32Array(2)), (word) => word.toString(36)).join("");
  app.ui = { body: one("tbody"), none: one(".none"), which: one(".which"), as: one(".as"), undo: one(".undo"), redo: one(".redo"), live: one(".live"), acts: [...root.querySelectorAll(".act")] };
  app.receive = (part, body) => (part === "now" ? takeNow(app, body) : takePictures(app, body));
  listen(app, app.abort.signal);
  root.labApp = app;
  root.labHook = { get asked() { return app.asked; }, get row() { return app.list.rows[app.at]; }, decision: (row) => decisionOf(app, row) };
  return app;
}

function dispose(app) {
  app.abort.abort();
  clearTimeout(app.telling);
  app.root.labApp = null;
  if (post.apps.get(app.name) === app.receive) post.apps.delete(app.name);
}

function takeList(app, heading, bytes) {
  if (app.key === heading.key) return;
  const before = app.list?.rows[app.at] ?? heading.focus;
  app.key = heading.key;
  app.list = JSON.parse(new TextDecoder().decode(bytes));
  app.shown = undefined;
  app.at = Math.max(0, app.list.rows.indexOf(before));
  buildList(app);
  showDecisions(app);
  showActive(app);
  app.root.dataset.ready = "true";
}

async function takePictures(app, body) {
  const identity = messageIdentity(body);
  if (app.sheet === identity) return;
  app.sheet = identity;
  const read = await readPart(body);
  if (app.sheet !== identity) return;
  app.pictures = read;
  drawPictures(app);
}

function takeNow(app, { decisions, client, heard, undo, redo }) {
  app.known = new Map(decisions.map(([row, kind, label]) => [row, [kind, label]]));
  if (client === app.client) app.asked = app.asked.filter(({ number }) => number > heard);
  app.ui.undo.disabled = !undo;
  app.ui.redo.disabled = !redo;
  if (app.list) showDecisions(app);
}

function listen(app, signal) {
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal });
  on(app.root, "click", ({ target }) => onClick(app, target));
  on(app.ui.as, "change", () => decide(app, "relabel", Number(app.ui.as.value)));
  on(app.ui.undo, "click", () => ask(app, { act: "undo" }));
  on(app.ui.redo, "click", () => ask(app, { act: "redo" }));
  on(app.root, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
    if (!onKey(app, event)) return;
    event.preventDefault();
    event.stopPropagation(); // R is Streamlit's own key too
  });
}

function onClick(app, target) {
  const line = target.closest("tbody tr");
  if (line) go(app, Number(line.dataset.at), { focus: true });
  const act = target.closest("[data-act]")?.dataset.act;
  if (act) decide(app, act, -1, { stay: Boolean(line) });
}

function onKey(app, { key }) {
  const act = KEYS[key.length === 1 ? key.toLowerCase() : key];
  if (act) decide(app, act, -1, { focus: true });
  else if (key in STEPS) go(app, app.at + STEPS[key], { focus: true });
  else if (key === "z" || key === "y") ask(app, { act: key === "z" ? "undo" : "redo" });
  else return false;
  return true;
}

function go(app, at, { focus = false } = {}) {
  at = Math.min(app.list.rows.length - 1, Math.max(0, at));
  if (at === app.at || at < 0) return showActive(app, { focus });
  app.at = at;
  showActive(app, { focus });
  clearTimeout(app.telling);
  app.telling = setTimeout(() => tell(app), 150);
}

// A label of -1 is the suggested one. The next row comes up by itself, except where a row's own button was pressed.
function decide(app, act, label, { focus = false, stay = false } = {}) {
  const { list, at } = app;
  if (!list.rows.length) return;
  const [row, given] = [list.rows[at], list.given[at]];
  const target = label < 0 ? list.suggested[at] : label;
  if (act === "relabel" && target === given) {
    app.ui.live.textContent = `Row ${row} has no other label suggested; choose one from the list`;
    app.ui.as.focus();
    return;
  }
  if (!stay && act !== "clear") app.at = Math.min(list.rows.length - 1, at + 1);
  ask(app, { act, row, label: act === "relabel" ? target : null });
  app.ui.live.textContent = `Row ${row} ${SAID[act]}${act === "relabel" ? ` as ${list.classes[target]}` : ""}`;
  showDecisions(app);
  showActive(app, { focus });
}

function ask(app, what) {
  app.asked.push({ number: app.next++, ...what });
  tell(app);
}

function tell(app) {
  clearTimeout(app.telling);
  app.component.setStateValue("state", { client: app.client, row: app.list.rows[app.at] ?? -1, asked: app.asked });
}
