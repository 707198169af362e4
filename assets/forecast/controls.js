// The slider, the chart under the pointer, the numbers beside it, and the picture to take home.

const REACH = 14; // a mark counts as meant when the pointer is this near, in CSS pixels
const STEP = 0.001; // in which a level is kept and reported

const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
const points = (difference) => `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(1)}`;

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text; // never innerHTML: names come from uploads
  return node;
}

function collectUi(root) {
  const one = (selector) => root.querySelector(selector);
  return {
    chart: one(".chart"),
    slider: one(".slider"),
    level: one(".level-value"),
    rate: one(".rate-value"),
    rows: one(".values tbody"),
    what: one(".what"),
    legend: one(".legend"),
    save: one(".save"),
    tip: one(".tip"),
    live: one(".live"),
  };
}

function listen(app, signal) {
  const { slider, chart, save } = app.ui;
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal });
  on(slider, "input", () => setLevel(app, slider.valueAsNumber));
  on(slider, "change", () => commit(app));
  on(slider, "keydown", (event) => stepByKey(app, event));
  on(chart, "pointerdown", (event) => {
    chart.setPointerCapture(event.pointerId);
    setLevel(app, levelUnder(app, event));
  });
  on(chart, "pointermove", (event) => {
    if (chart.hasPointerCapture(event.pointerId)) setLevel(app, levelUnder(app, event));
    else showTip(app, event);
  });
  on(chart, "pointerup", () => commit(app));
  on(chart, "pointerleave", () => (app.ui.tip.hidden = true));
  on(save, "click", () => savePicture(app));
}

function levelUnder(app, event) {
  app.ui.tip.hidden = true;
  return app.frame.level(event.clientX - app.ui.chart.getBoundingClientRect().left);
}

// Arrows move by 0.01, with Shift by 0.001; Page keys by 0.1. Home and End are the browser's own.
function stepByKey(app, event) {
  const small = event.shiftKey ? STEP : 0.01;
  const step = { ArrowRight: small, ArrowUp: small, ArrowLeft: -small, ArrowDown: -small, PageUp: 0.1, PageDown: -0.1 }[event.key];
  if (!step) return;
  event.preventDefault();
  setLevel(app, app.level + step);
  commit(app);
}

function setLevel(app, level) {
  level = Math.min(app.curves.highest, Math.max(0, Math.round(level / STEP) * STEP));
  if (level === app.level) return;
  app.level = level;
  schedule(app);
}

// One level drawn: the cursor, the slider and the numbers.
function showLevel(app) {
  const { ui, curves, level } = app;
  app.values = accuraciesAt(curves, level);
  if (app.frame) moveCursor(app);
  if (Math.abs(ui.slider.valueAsNumber - level) > STEP / 2) ui.slider.valueAsNumber = level;
  ui.slider.style.setProperty("--fill", level / curves.highest);
  ui.slider.setAttribute("aria-valuetext", `γ = ${level.toFixed(3)}, ${percent(curves.effective_factor * level)} of the labels wrong`);
  setText(ui.level, level.toFixed(3));
  setText(ui.rate, percent(curves.effective_factor * level));
  app.cells.forEach((cell, i) => setText(cell, percent(app.values[i])));
  if (app.placeCell) setText(app.placeCell, percent(1 - level));
  app.draws++;
}

// The same text is left alone, a new one goes into the text node there is.
function setText(node, text) {
  if (node.textContent === text) return;
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}

// The rows of the table and the words of the legend: once per set of curves and theme.
function buildReadout(app) {
  const { ui, curves } = app;
  ui.slider.max = curves.highest;
  ui.what.textContent = curves.what;
  app.cells = [];
  const rows = curves.ks.map((k, i) => {
    const cell = element("td", "value");
    app.cells.push(cell);
    return readoutRow(swatch(app, i), `K = ${k}`, cell);
  });
  app.placeCell = curves.has_place ? element("td", "value") : null;
  if (app.placeCell) rows.push(readoutRow(sample("9 5", app.theme.muted), "1 − γ", app.placeCell));
  ui.rows.replaceChildren(...rows);
  ui.legend.replaceChildren(...legendOf(app));
}

function readoutRow(mark, name, cell) {
  const row = element("tr");
  const head = element("th");
  head.scope = "row";
  head.append(mark, name);
  row.append(head, cell);
  return row;
}

function sample(dash, colour) {
  const svg = shape("svg", { viewBox: "0 0 22 14", class: "swatch", "aria-hidden": "true" });
  svg.append(shape("line", { x1: 0, x2: 22, y1: 7, y2: 7, stroke: css(colour), "stroke-width": 2.6, "stroke-dasharray": dash }));
  return svg;
}

function legendOf(app) {
  const { curves, theme } = app;
  const entry = (mark, text) => {
    const item = element("li");
    item.append(mark, text);
    return item;
  };
  const line = entry(sample("", theme.classes[0]), curves.has_place ? "expected" : "expected, Theorem 1");
  const nets = ["last", "best"].filter(() => curves.networks).map((end) => {
    const svg = shape("svg", { viewBox: "0 0 20 20", class: "swatch", "aria-hidden": "true" });
    svg.append(networkMark(app, end, 10, 10));
    const by = end === "best" ? (curves.networks.clean_best ? " by clean labels" : "") : "";
    return entry(svg, `network, ${end} epoch${by}, mean of ${curves.networks.n_seeds} ${curves.networks.n_seeds === 1 ? "seed" : "seeds"}`);
  });
  if (!curves.levels.length) return [line, ...nets];
  const draws = curves.n_draws === 1 ? "one draw of the noise" : `mean of ${curves.n_draws} draws of the noise, bar: ± their standard deviation`;
  const entries = [line, entry(swatch(app, 0), `real neighbours, ${draws}`)];
  if (curves.outside) {
    const svg = shape("svg", { viewBox: "0 0 20 20", class: "swatch", "aria-hidden": "true" });
    svg.append(hollow(app, 10, 10));
    entries.push(entry(svg, "share of test samples outside the noisy places"));
  }
  return [...entries, ...nets];
}

// Real votes under the pointer, all that lie there.
function showTip(app, event) {
  const { ui, curves, frame, marks } = app;
  if (!frame) return;
  const box = ui.chart.getBoundingClientRect();
  const [px, py] = [event.clientX - box.left, event.clientY - box.top];
  const under = (mark) => Math.hypot(mark.x - px, mark.y - py) < REACH;
  const [near, nets] = [marks.filter(under), app.networkMarks.filter(under)];
  ui.tip.hidden = !near.length && !nets.length;
  if (ui.tip.hidden) return;
  const { x } = near[0] ?? nets[0];
  const told = nets.map((mark) => networkLine(app, mark));
  if (near.length) {
    const { l } = near[0];
    const expected = accuraciesAt(curves, curves.levels[l]);
    const head = `Real neighbours at γ = ${curves.levels[l].toFixed(2)}`;
    told.unshift(element("div", "tip-title", head), ...near.map(({ i }) => tipLine(app, i, l, expected[i])));
  }
  ui.tip.replaceChildren(...told);
  const left = x + 18 + ui.tip.offsetWidth < box.width ? x + 18 : Math.max(0, x - 18 - ui.tip.offsetWidth);
  const root = app.root.getBoundingClientRect();
  const top = Math.max(0, box.top - root.top + py - ui.tip.offsetHeight / 2);
  ui.tip.style.transform = `translate(${Math.round(box.left - root.left + left)}px, ${Math.round(top)}px)`;
}

function tipLine(app, i, l, expected) {
  const { curves } = app;
  const [mean, spread] = [curves.mean[l][i], curves.spread[l][i]];
  const row = element("div", "tip-line");
  const deviation = curves.n_draws > 1 ? ` ± ${(100 * spread).toFixed(1)}` : "";
  row.append(swatch(app, i), `K = ${curves.ks[i]}: ${percent(mean)}${deviation}, expected ${percent(expected)} (${points(mean - expected)})`);
  return row;
}

function networkLine(app, { end, level, mean, spread }) {
  const deviation = app.curves.networks.n_seeds > 1 ? ` ± ${(100 * spread).toFixed(1)}` : "";
  return element("div", "tip-line", `Network, ${end} epoch, at γ = ${level.toFixed(2)}: ${percent(mean)}${deviation}`);
}

// After a choice, not on every frame of a drag: the numbers for who does not see them.
function sayNumbers(app) {
  const { ui, curves, level, values } = app;
  const told = curves.ks.map((k, i) => `K = ${k}: ${percent(values[i])}`).join(", ");
  ui.chart.setAttribute("aria-label", `Accuracy against the noise level from 0 to ${curves.highest}, a curve for each K. At γ = ${level.toFixed(3)}: ${told}.`);
  ui.live.textContent = `γ = ${level.toFixed(3)}, ${percent(curves.effective_factor * level)} of the labels wrong. ${told}`;
}

// The lines above a saved picture: what it shows, the level, and the numbers, three to a line so that they fit.
function headingOf({ curves, level, values }) {
  const numbers = curves.ks.map((k, i) => `K = ${k}: ${percent(values[i])}`);
  const lines = [curves.what, `γ = ${level.toFixed(3)}, ${percent(curves.effective_factor * level)} of the labels wrong`];
  for (let i = 0; i < numbers.length; i += 3) lines.push(numbers.slice(i, i + 3).join(", "));
  return lines;
}

function savePicture(app) {
  const { width, height } = app.frame;
  const copy = app.ui.chart.cloneNode(true);
  const heading = headingOf(app);
  const top = 22 * heading.length + 8;
  const scale = 2;
  copy.setAttribute("viewBox", `0 ${-top} ${width} ${height + top}`);
  copy.setAttribute("width", scale * width);
  copy.setAttribute("height", scale * (height + top));
  const text = { x: MARGIN.left, "font-family": app.theme.font, fill: css(app.theme.text) };
  copy.prepend(
    shape("rect", { x: 0, y: -top, width, height: height + top, fill: css(app.theme.background) }),
    ...heading.map((line, i) => shape("text", { ...text, y: 22 * (i + 1) - top, "font-size": 14, "font-weight": i ? 400 : 600 }, line)),
  );
  const picture = new Image();
  picture.onload = () => {
    const canvas = element("canvas");
    Object.assign(canvas, { width: scale * width, height: scale * (height + top) });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    canvas.toBlob((blob) => {
      const link = element("a");
      link.href = URL.createObjectURL(blob);
      link.download = `expected-accuracy-${app.level.toFixed(3)}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  };
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}
