// The controls around the maps: from the page's markup to the state, and back.

function collectUi(root) {
  const names = ["colour", "whole", "save", "legend", "ramp", "rings", "notice", "maps", "undo", "clear", "bars", "tip", "live"];
  const ui = Object.fromEntries(names.map((name) => [name, root.querySelector(`.${name}`)]));
  return { ...ui, status: root.querySelector(".status > .still") };
}

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text; // never innerHTML: names come from uploads
  return node;
}

// Written in every frame of a lasso: the same text is left alone, a new one goes into the text node there is.
function setText(node, text) {
  if (node.textContent === text) return;
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}

const counted = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const number = (value) => counted.format(value);
const short = (value) => number(Number(value.toPrecision(4)));

function listenToControls(app, signal) {
  const { root, ui } = app;
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal });
  on(ui.colour, "change", () => colourBy(app, ui.colour.value));
  on(ui.whole, "click", () => showWhole(app));
  on(ui.save, "click", () => savePicture(app));
  on(ui.undo, "click", () => undo(app));
  on(ui.clear, "click", () => clearSelection(app));
  on(root, "change", ({ target }) => {
    if (target.name === "tool") useTool(app, target.value);
    if (target.name === "ring") toggleRing(app, Number(target.value), target.checked);
  });
  on(root, "keydown", (event) => {
    if (onKey(app, event)) event.preventDefault();
  });
}

// One set of listeners a map; keys that act on a map in particular.
function listenToMap(app, panel) {
  const { plane } = panel;
  plane.addEventListener("pointerdown", (event) => startDrag(app, panel, event));
  plane.addEventListener("pointermove", (event) => (app.drag ? moveDrag(app, event) : hover(app, panel, event)));
  plane.addEventListener("pointerup", (event) => endDrag(app, event));
  plane.addEventListener("pointercancel", (event) => endDrag(app, event));
  plane.addEventListener("pointerleave", () => app.drag || read(app, null));
  plane.addEventListener("blur", () => read(app, null));
  plane.addEventListener("keydown", (event) => {
    if (walk(app, panel, event) || actOnMap(app, panel, event)) event.preventDefault();
  });
  const onWheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls; a pinch comes as a wheel with Ctrl
    event.preventDefault();
    zoomBy(app, panel, 2 ** (event.deltaY / 300), placeOf(panel, event));
  };
  plane.addEventListener("wheel", onWheel, { passive: false });
}

function hover(app, panel, event) {
  const row = nearestRow(panel, ...placeOf(panel, event));
  read(app, row < 0 ? null : { panel, row });
}

function actOnMap(app, panel, { key, shiftKey }) {
  if (key === "Enter" && app.reading) toggleRow(app, app.reading.row, shiftKey);
  else if (key === "+" || key === "=") zoomBy(app, panel, 0.5);
  else if (key === "-") zoomBy(app, panel, 2);
  else if (key === "0") showWhole(app);
  else return false;
  return true;
}

function onKey(app, event) {
  if (event.key === "Escape") {
    if (app.drag) cancelDrag(app);
    else clearSelection(app);
    read(app, null);
    return true;
  }
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return false;
  undo(app);
  return true;
}

function clearSelection(app) {
  if (app.points) choose(app, new Uint8Array(app.points.total));
}

function useTool(app, tool) {
  app.tool = app.root.dataset.tool = tool;
  for (const input of app.root.querySelectorAll("input[name=tool]")) input.checked = input.value === tool;
}

function toggleRing(app, kind, shown) {
  if (shown) app.hidden.delete(app.points.rings[kind].name);
  else app.hidden.add(app.points.rings[kind].name);
  showRings(app);
  report(app);
}

function colourBy(app, name) {
  app.colour = name;
  showColour(app);
  report(app);
}

// Ways to colour: labels, ways in which each map has a label of its own, scores.
function waysToColour({ points, options }) {
  const { labels, scores } = points;
  const labelled = (name) => labels.find((label) => label.name === name)?.y;
  const own = (options?.own ?? []).map(({ name, labels: names }) => ({ name, each: names.map(labelled) }));
  const whole = own.filter(({ each }) => each.length && each.every(Boolean));
  return [...labels, ...whole.map(({ name, each }) => ({ name, each, y: each[0] })), ...scores];
}

// The way that is chosen, or the first kind of label if there is no such way any more.
function colouring(app) {
  return waysToColour(app).find(({ name }) => name === app.colour) ?? app.points.labels[0];
}

// Which look each point has on a map.
const looksOn = ({ looks, looksOfEach }, { index }) => looksOfEach?.[index] ?? looks;

function showColour(app) {
  const { ui, points } = app;
  const chosen = colouring(app);
  app.looks = lookIndices(points, chosen);
  app.looksOfEach = chosen.each;
  app.stamps.clear();
  const options = waysToColour(app).map(({ name }) => new Option(name, name, false, name === chosen.name));
  ui.colour.replaceChildren(...options);
  ui.legend.hidden = !chosen.y;
  ui.ramp.hidden = Boolean(chosen.y);
  if (chosen.y) showLegend(app, chosen.y);
  else showRamp(app, chosen);
  schedule(app, "base", "chosen");
}

function showLegend(app, y) {
  app.ui.legend.replaceChildren(...app.points.classes.map((name, c) => {
    const item = element("li");
    const button = element("button", "class-button");
    button.type = "button";
    button.append(swatch(app, c), name);
    button.addEventListener("click", ({ shiftKey }) => chooseWhere(app, (i) => y[i] === c, shiftKey));
    item.append(button);
    return item;
  }));
}

function showRamp(app, { low, high, levels }) {
  const [lowText, canvas, highText, none] = app.ui.ramp.children;
  const ctx = canvas.getContext("2d");
  for (let i = 0; i < 256; i++) {
    ctx.fillStyle = css(rampColour(app.theme.ramp, i / 255));
    ctx.fillRect(i, 0, 1, 1);
  }
  lowText.textContent = short(low);
  highText.textContent = short(high);
  none.textContent = levels.includes(65535) ? "grey: none" : "";
}

// The kinds of circles, each with its count and a button that selects its points.
function showRings(app) {
  const { points, ui, hidden } = app;
  app.ringsShown = points.rings.reduce((bits, { name }, kind) => bits | (hidden.has(name) ? 0 : 1 << kind), 0);
  ui.rings.hidden = !points.rings.length;
  const found = ui.rings.querySelectorAll(".ring-choice");
  const sameNames = found.length === points.rings.length && points.rings.every(({ name }, k) => found[k].dataset.name === name);
  if (!sameNames) ui.rings.replaceChildren(ui.rings.firstElementChild, ...points.rings.map((ring, kind) => ringChoice(app, ring, kind)));
  for (const [kind, box] of ui.rings.querySelectorAll(".ring-choice").entries()) {
    box.querySelector("input").checked = !hidden.has(points.rings[kind].name);
    setText(box.querySelector(".ring-count"), number(points.rings[kind].total));
    box.querySelector("canvas").replaceWith(ringSample(app, kind));
  }
  schedule(app, "base", "chosen");
}

function ringChoice(app, { name }, kind) {
  const box = element("span", "ring-choice");
  box.dataset.name = name;
  const label = element("label", "check");
  const input = element("input");
  Object.assign(input, { type: "checkbox", name: "ring", value: kind });
  const button = element("button", "plain small", "select");
  button.type = "button";
  button.setAttribute("aria-label", `Select the points circled as ${name}`);
  button.addEventListener("click", ({ shiftKey }) => chooseWhere(app, (i) => (app.points.ringBits[i] >> kind) & 1, shiftKey));
  label.append(input, element("canvas"), element("span", "", name), element("b", "ring-count", "0"));
  box.append(label, button);
  return box;
}

function ringSample(app, kind) {
  const canvas = element("canvas", "ring-sample");
  canvas.setAttribute("aria-hidden", "true");
  canvas.width = canvas.height = 22 * app.pixelRatio;
  const ctx = canvas.getContext("2d");
  ctx.translate(11 * app.pixelRatio, 11 * app.pixelRatio);
  traceRing(ctx, app.theme, kind, 7.5 * app.pixelRatio, 2 * app.pixelRatio);
  return canvas;
}

function showHistory(app) {
  app.ui.undo.disabled = !app.history.length;
  app.ui.clear.disabled = app.mask.indexOf(1) < 0;
}

function statusWords({ count, points: { n, total }, mask, drag }) {
  const beyond = n === total || drag ? 0 : mask.reduce((sum, one) => sum + one, 0) - count;
  const others = beyond ? `, and ${number(beyond)} that are not drawn` : "";
  return count || beyond ? `${number(count)} of ${number(n)} points selected${others}` : `Nothing selected: all ${number(n)}${n === total ? "" : " drawn"} points`;
}

function showNotice(app) {
  const { points, ui } = app;
  ui.notice.hidden = points.n === points.total;
  const crowd = points.circled ? `all ${number(points.circled)} circled ones and a random sample of the others` : "a random sample";
  ui.notice.textContent = `${number(points.n)} of ${number(points.total)} points are drawn: ${crowd}. Only drawn ones are counted below.`;
}
