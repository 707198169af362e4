// The table: one line a row, built once for each list; afterwards only what changes is written.

const ACTS = ["keep", "relabel", "drop", "unsure"];
const SAID = { keep: "kept", relabel: "relabelled", drop: "dropped", unsure: "unsure", clear: "taken back" };

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== "") node.textContent = text; // never innerHTML: names come from uploads
  return node;
}

function buildList(app) {
  const { ui, list } = app;
  app.lines = list.rows.map((row, i) => lineOf(app, row, i));
  ui.body.replaceChildren(...app.lines.map((line) => line.node));
  ui.none.hidden = list.rows.length > 0;
  ui.as.replaceChildren(...["the suggested label", ...list.classes].map((name, at) => new Option(name, at - 1)));
  for (const button of ui.acts) button.disabled = !list.rows.length;
  ui.as.disabled = !list.rows.length;
  drawPictures(app);
}

function lineOf(app, row, i) {
  const { list } = app;
  const node = element("tr");
  node.dataset.at = i;
  node.tabIndex = -1;
  const cells = { given: named(list.classes[list.given[i]]), suggested: named(list.classes[list.suggested[i]]) };
  if (list.suggested[i] === list.given[i]) cells.suggested.textContent = "–";
  const buttons = ACTS.map((act) => {
    const button = element("button", "mini", act[0].toUpperCase());
    Object.assign(button, { type: "button", tabIndex: -1, title: `${act} row ${row}` });
    button.dataset.act = act;
    button.setAttribute("aria-label", `${act} row ${row}`);
    return button;
  });
  const decision = element("td", "decision");
  decision.append(...buttons);
  const picture = element("td", "picture");
  node.append(element("td", "rank", `${list.ranks[i]}`), picture, element("td", "row", `${row}`), cells.given, cells.suggested, element("td", "score", list.scores[i].toFixed(3)), decision);
  return { node, picture, cells, buttons };
}

// A long name by its beginning and its end, which tells it from others of its kind.
const brief = (name, most = 20) => (name.length <= most ? name : `${name.slice(0, most / 2 - 1)}…${name.slice(1 - most / 2)}`);

function named(name) {
  const cell = element("td", "name", brief(name));
  cell.title = name;
  return cell;
}

function drawPictures(app) {
  const { pictures, lines } = app;
  const fit = Boolean(pictures && lines && pictures.n === lines.length);
  app.root.dataset.pictures = fit;
  if (!fit) return;
  const { sheet, width, height, columns } = pictures;
  lines.forEach(({ picture }, i) => {
    const canvas = element("canvas");
    Object.assign(canvas, { width, height });
    canvas.setAttribute("aria-hidden", "true");
    canvas.getContext("2d").drawImage(sheet, (i % columns) * width, Math.floor(i / columns) * height, width, height, 0, 0, width, height);
    picture.replaceChildren(canvas);
  });
}

// What the server knows, and over it what it has not heard yet.
function decisionOf(app, row) {
  let [kind, label] = app.known.get(row) ?? [null, null];
  for (const { act, row: of, label: as } of app.asked) if (of === row) [kind, label] = act === "clear" ? [null, null] : [act, as];
  return { kind, label };
}

function showDecisions(app) {
  const { list, lines } = app;
  lines.forEach((line, i) => {
    const { kind, label } = decisionOf(app, list.rows[i]);
    const key = `${kind}${label}`;
    if (line.key === key) return;
    line.key = key;
    line.buttons.forEach((button) => button.setAttribute("aria-pressed", button.dataset.act === kind));
    const target = kind === "relabel" ? label : list.suggested[i];
    line.cells.suggested.textContent = target === list.given[i] ? "–" : brief(list.classes[target]);
    line.cells.suggested.title = list.classes[target];
    line.cells.suggested.classList.toggle("settled", kind === "relabel");
    line.cells.given.classList.toggle("settled", kind === "keep");
    line.cells.given.classList.toggle("old", kind === "relabel" || kind === "drop");
  });
}

function showActive(app, { focus = false } = {}) {
  const { ui, list, lines, at } = app;
  if (app.shown !== undefined && lines[app.shown]) mark(lines[app.shown], false);
  app.shown = at;
  const line = lines[at];
  ui.which.textContent = line ? `Row ${list.rows[at]}` : "";
  ui.as.value = -1;
  if (!line) return;
  mark(line, true);
  if (!focus) return;
  line.node.focus({ preventScroll: true });
  line.node.scrollIntoView({ block: "nearest" });
}

function mark({ node, buttons }, active) {
  node.setAttribute("aria-selected", active);
  node.tabIndex = active ? 0 : -1;
  buttons.forEach((button) => (button.tabIndex = active ? 0 : -1));
}
