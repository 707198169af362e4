// Reading one place: mouse or keyboard cursor, the tooltip, and the words for a screen reader.

const REACH = 14; // a point counts as meant when the pointer is this near, in CSS pixels

function placeAt(app, panel, event) {
  const box = panel.plane.getBoundingClientRect();
  const clamp = (value) => Math.min(1, Math.max(0, value));
  return readingOf(app, panel, clamp((event.clientX - box.left) / box.width), clamp(1 - (event.clientY - box.top) / box.height));
}

function readingOf(app, panel, u, v) {
  const { side, extent } = app.scene;
  const [x0, x1, y0, y1] = extent;
  const cell = Math.min(side - 1, Math.floor(v * side)) * side + Math.min(side - 1, Math.floor(u * side));
  return { panel, u, v, cell, x: x0 + u * (x1 - x0), y: y0 + v * (y1 - y0), point: nearestPoint(app, panel, u, v) };
}

function nearestPoint(app, panel, u, v) {
  const width = panel.plane.clientWidth;
  let best = (REACH / width) ** 2;
  let found = -1;
  for (let i = 0; i < app.given.length; i++) {
    const distance = (app.unit[2 * i] - u) ** 2 + (app.unit[2 * i + 1] - v) ** 2;
    if (distance < best) [best, found] = [distance, i];
  }
  return found;
}

function read(app, reading, { aloud = false } = {}) {
  app.reading = reading;
  schedule(app, "top");
  if (!reading) {
    app.ui.tip.hidden = true;
    return;
  }
  fillTip(app, reading);
  placeTip(app, reading);
  if (aloud) say(app, app.ui.tip.innerText.replace(/\s*\n+\s*/g, ", "));
}

function fillTip(app, reading) {
  const { scene } = app;
  const { panel, cell } = reading;
  const k = panelK(app, panel);
  const rows = [element("div", "tip-title", methodTitle(scene, panel.method, k))];
  if (panel.method === "disagreement") {
    for (const method of comparedMethods(app)) {
      rows.push(classLine(app, `${methodTitle(scene, method, k)}: `, labelsOf(scene, method, k)[cell]));
    }
  } else if (panel.method !== "input") rows.push(...classRows(app, panel.method, cell, k));
  if (panel.method !== "bayes") rows.push(classLine(app, "Bayes rule: ", scene.bayes.labels[cell]));
  rows.push(element("div", "tip-place", `x ${reading.x.toFixed(2)}, y ${reading.y.toFixed(2)}`));
  if (reading.point >= 0) rows.push(...pointRows(app, reading.point));
  app.ui.tip.replaceChildren(...rows);
}

function classRows(app, method, cell, k) {
  const { probs, votes } = readingAt(app.scene, method, cell, k);
  if (!probs) return [classLine(app, "says ", labelsOf(app.scene, method, k)[cell])];
  const winner = labelsOf(app.scene, method, k)[cell];
  return app.scene.classes.map((name, c) => {
    const row = element("div", c === winner ? "tip-class winner" : "tip-class");
    const bar = element("span", "tip-bar");
    bar.style.setProperty("--share", probs[c]);
    bar.style.setProperty("--colour", css(app.theme.classes[c]));
    row.append(swatch(app, c), element("span", "tip-name", name), bar);
    row.append(element("span", "tip-value", votes ? `${votes[c]} of ${k}` : `${Math.round(100 * probs[c])} %`));
    return row;
  });
}

function classLine(app, before, label) {
  const row = element("div", "tip-line", before);
  row.append(swatch(app, label), app.scene.classes[label]);
  return row;
}

function pointRows(app, i) {
  const { scene } = app;
  const remarks = [app.given[i] === scene.yClean[i] ? "right" : "wrong", ...(app.edited[i] ? ["set by hand"] : [])];
  return [
    element("div", "tip-title tip-point", `Training point ${i}, label ${remarks.join(", ")}`),
    classLine(app, "given: ", app.given[i]),
    classLine(app, "clean: ", scene.yClean[i]),
  ];
}

function placeTip(app, { panel, u, v }) {
  const { tip } = app.ui;
  tip.hidden = false;
  const root = app.root.getBoundingClientRect();
  const plane = panel.plane.getBoundingClientRect();
  const x = plane.left - root.left + u * plane.width;
  const y = plane.top - root.top + (1 - v) * plane.height;
  const left = x + 18 + tip.offsetWidth < root.width ? x + 18 : Math.max(0, x - 18 - tip.offsetWidth);
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(0, y - tip.offsetHeight / 2))}px)`;
}

// Keyboard: the reading point walks over the cells.
function walk(app, panel, event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const step = steps[event.key];
  if (!step) return false;
  const { side } = app.scene;
  const far = event.shiftKey ? 10 : 1;
  const from = app.reading ?? { u: 0.5, v: 0.5 };
  const next = (value, by) => (Math.min(side - 1, Math.max(0, Math.floor(value * side) + by * far)) + 0.5) / side;
  read(app, readingOf(app, panel, next(from.u, step[0]), next(from.v, step[1])), { aloud: true });
  return true;
}

function say(app, text) {
  clearTimeout(app.saying);
  app.saying = setTimeout(() => (app.ui.live.textContent = text), 250);
}

// After a choice, not on every frame of a drag: the numbers in the live region, and in the labels of chart and panels.
function sayNumbers(app) {
  const { scene, state } = app;
  const parts = ["knn", "knet", "network", "bayes"]
    .map((method) => [METHODS[method].name, measureOf(scene, state.curve, method, state.k)])
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${percent(value)}`);
  const measure = state.curve === "accuracy" ? "Accuracy on clean test data" : "Agreement with the Bayes rule";
  app.ui.chart.setAttribute("aria-label", `${measure} against k. At k = ${state.k}: ${parts.join(", ")}.`);
  const differ = app.panels.find((panel) => panel.method === "disagreement")?.differ;
  if (differ !== undefined) parts.push(`the two compared differ on ${percent(differ)} of the area`);
  say(app, `k = ${state.k}: ${parts.join(", ")}`);
  for (const panel of app.panels) labelPlane(app, panel);
}
