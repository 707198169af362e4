// The slider, the chart under the pointer, the numbers beside it, and the lists of mended and broken rows.

const MOST_LISTED = 30;

function collectUi(root) {
  const one = (selector) => root.querySelector(selector);
  return {
    what: one(".what"),
    chart: one(".chart"),
    slider: one(".slider"),
    k: one(".k-value"),
    values: one(".values tbody"),
    changes: one(".changes tbody"),
    legend: one(".legend"),
    save: one(".save"),
    mended: one(".mended"),
    broken: one(".broken"),
    mendedCount: one(".mended-count"),
    brokenCount: one(".broken-count"),
    own: one(".own"),
    rowsName: one(".rows-name"),
    row: one(".row"),
    answers: one(".answers"),
    bars: one(".bars"),
    strip: one(".strip"),
    stripWords: one(".strip-words"),
    cards: one(".cards"),
    live: one(".live"),
  };
}

function listen(app, signal) {
  const { slider, chart, save, row } = app.ui;
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal });
  on(slider, "input", () => setK(app, slider.valueAsNumber));
  on(slider, "change", () => commit(app));
  on(slider, "keydown", (event) => stepByKey(app, event));
  on(chart, "pointerdown", (event) => {
    chart.setPointerCapture(event.pointerId);
    setK(app, kUnder(app, event));
  });
  on(chart, "pointermove", (event) => chart.hasPointerCapture(event.pointerId) && setK(app, kUnder(app, event)));
  on(chart, "pointerup", () => commit(app));
  on(save, "click", () => savePicture(app));
  on(row, "change", () => choose(app, row.valueAsNumber));
}

const kUnder = (app, event) => app.frame.k(event.clientX - app.ui.chart.getBoundingClientRect().left);

// Page keys move by 10; arrows, Home and End are the browser's own.
function stepByKey(app, event) {
  const step = { PageUp: 10, PageDown: -10 }[event.key];
  if (!step) return;
  event.preventDefault();
  setK(app, app.k + step);
  commit(app);
}

function setK(app, k) {
  k = Math.min(app.board.k_max, Math.max(1, k));
  if (k === app.k) return;
  app.k = k;
  schedule(app);
}

function choose(app, row) {
  if (!Number.isInteger(row) || row < 0 || row >= app.board.m) {
    app.ui.row.value = app.board.row;
    return;
  }
  app.wanted = row;
  app.root.dataset.waiting = row !== app.board.row;
  commit(app);
}

// Rows of the tables and words of the legend: once per board and theme.
function buildReadout(app) {
  const { ui, board, theme } = app;
  ui.what.textContent = board.what;
  ui.slider.max = board.k_max;
  const line = (mark, name) => {
    const row = element("tr");
    const head = element("th");
    head.scope = "row";
    head.append(mark, name);
    const cell = element("td");
    row.append(head, cell);
    return { row, cell };
  };
  const marks = marksOf(theme);
  const rows = [line(marks.network(), "network"), line(marks.knn(), "kNN"), line(marks.knet(), "kNet")];
  const fixed = Object.keys(board.accuracy.fixed).length ? line(marks.fixed(), "fixed kNet") : null;
  ui.values.replaceChildren(...[...rows, ...(fixed ? [fixed] : [])].map(({ row }) => row));
  app.cells = { network: rows[0].cell, knn: rows[1].cell, knet: rows[2].cell, fixed: fixed?.cell };
  app.counts = Object.entries({ mended: "mended", broken: "broken", bothRight: "both right", bothWrong: "both wrong" }).map(([name, words]) => {
    const { row, cell } = line("", words);
    const knet = element("td");
    row.append(knet);
    return { name, row, knn: cell, knet };
  });
  ui.changes.replaceChildren(...app.counts.map(({ row }) => row));
  const words = [[marks.network(), "network"], [marks.knn(), "kNN"], [marks.knet(), "kNet, one network for all k"]];
  if (fixed) words.push([marks.fixed(), "fixed kNet, a network for each k"]);
  ui.legend.replaceChildren(
    ...words.map(([mark, text]) => {
      const item = element("li");
      item.append(mark, text);
      return item;
    }),
  );
}

function marksOf(theme) {
  const svg = (...shapes) => {
    const node = shape("svg", { viewBox: "0 0 26 14", class: "mark", "aria-hidden": "true" });
    node.append(...shapes);
    return node;
  };
  const line = (colour, dash) => svg(shape("line", { x1: 0, x2: 26, y1: 7, y2: 7, stroke: css(colour), "stroke-width": 2.8, "stroke-dasharray": dash }));
  return {
    network: () => line(theme.text, "8 5"),
    knn: () => line(theme.classes[KNN], ""),
    knet: () => line(theme.classes[KNET], "12 3"),
    fixed: () => svg(shapeElement(theme, FIXED, 13, 7, 5.5)),
  };
}

// One k drawn: the cursor, the numbers, the lists, the row.
function showK(app) {
  const { ui, board, k } = app;
  const { network, knn, knet, fixed } = board.accuracy;
  if (app.frame) moveCursor(app);
  if (ui.slider.valueAsNumber !== k) ui.slider.valueAsNumber = k;
  ui.slider.style.setProperty("--fill", (k - 1) / Math.max(1, board.k_max - 1));
  setText(ui.k, String(k));
  setText(app.cells.network, percent(network));
  setText(app.cells.knn, percent(knn[k - 1]));
  setText(app.cells.knet, percent(knet[k - 1]));
  if (app.cells.fixed) setText(app.cells.fixed, k in fixed ? percent(fixed[k]) : `k = ${Object.keys(fixed).join(", ")}`);
  const counts = { knn: countsAt(board, "knn", k), knet: countsAt(board, "knet", k) };
  app.counts.forEach((line) => {
    setText(line.knn, String(counts.knn[line.name]));
    setText(line.knet, String(counts.knet[line.name]));
  });
  setText(ui.mendedCount, String(counts.knet.mended));
  setText(ui.brokenCount, String(counts.knet.broken));
  showList(app, ui.mended, rowsOfKind(board, k, 0, 1, MOST_LISTED), counts.knet.mended);
  showList(app, ui.broken, rowsOfKind(board, k, 1, 0, MOST_LISTED), counts.knet.broken);
  showSample(app);
  app.told = `network ${percent(network)}, kNN ${percent(knn[k - 1])}, kNet ${percent(knet[k - 1])}`;
  app.draws++;
}

// The rows as small buttons; a list that has not changed is left alone.
function showList(app, list, rows, total) {
  const key = rows.join(",");
  if (list.dataset.rows === key) return;
  list.dataset.rows = key;
  const items = rows.map((row) => {
    const item = element("li");
    item.append((app.buttons[row] ??= buttonOf(app, row)));
    return item;
  });
  if (total > rows.length) items.push(element("li", "more", `and ${total - rows.length} more`));
  if (!total) items.push(element("li", "more", "none"));
  list.replaceChildren(...items);
}

function buttonOf(app, row) {
  const { board } = app;
  const button = element("button");
  button.type = "button";
  button.setAttribute("aria-label", `Show ${board.rows} ${row}`);
  button.title = `${board.rows} ${row}`;
  const at = board.picture ? board.found.listed.indexOf(row) : -1;
  if (at < 0) button.textContent = row;
  else {
    const canvas = element("canvas");
    draw(canvas, board, "pictures.listed", at);
    button.append(canvas);
  }
  button.addEventListener("click", () => choose(app, row), { signal: app.abort.signal });
  return button;
}

// After a choice, not on every frame of a drag: the numbers for who does not see them.
function sayNumbers(app) {
  const { ui, board, k } = app;
  ui.slider.setAttribute("aria-valuetext", `k = ${k}: ${app.told}`);
  ui.chart.setAttribute("aria-label", `Accuracy against k from 1 to ${board.k_max}. At k = ${k}: ${app.told}.`);
  const bars = app.bars.map(({ c }) => `${board.classes[c]}: network ${percent(board.found.softmax[c], 0)}, kNN ${percent(app.shares[c], 0)}, kNet ${percent(app.probs[c], 0)}`);
  ui.bars.setAttribute("aria-label", `Shares of the classes for ${board.rows} ${board.row}. ${bars.join("; ")}.`);
  ui.strip.setAttribute("aria-label", ui.stripWords.textContent);
  ui.live.textContent = `k = ${k}: ${app.told}. ${board.rows} ${board.row}: kNN says ${app.answers.kNN.textContent}, kNet ${app.answers.kNet.textContent}`;
}
