// The square pictures: which ones a view has, painting their fields, and their captions.

const SIDE_CHOICES = ["knn", "knet", "disagreement", "fixed", "network", "bayes", "noisy"];

function panelPlan(app) {
  if (app.state.view === "side") return app.state.panels.map((method) => ({ method, letter: "", k: null }));
  const ks = app.options.fig2_ks.map((k) => Math.min(k, app.scene.kMax));
  const plan = [
    { method: "input", k: null },
    ...ks.map((k) => ({ method: "knn", k })),
    { method: "network", k: null },
    ...ks.map((k) => ({ method: "knet", k })),
  ];
  return plan.map((panel, i) => ({ ...panel, letter: `(${"abcdefgh"[i]}) ` }));
}

function buildPanels(app) {
  app.resize.disconnect();
  app.panels = panelPlan(app).map((plan, index) => buildPanel(app, plan, index));
  app.ui.panels.replaceChildren(...app.panels.map((panel) => panel.box));
  app.root.dataset.view = app.state.view;
  for (const panel of app.panels) app.resize.observe(panel.plane);
  app.resize.observe(app.ui.chart);
  schedule(app, "fields", "top", "cursor");
}

function buildPanel(app, plan, index) {
  const box = element("figure", "panel");
  const caption = element("figcaption", "panel-caption");
  const name = app.state.view === "side" ? methodSelect(app, plan.method, index) : element("strong", "panel-name");
  const kText = element("span", "panel-k");
  const numberBox = element("span", "panel-number");
  const number = stillIn(numberBox);
  caption.append(name, kText, numberBox);
  const plane = element("div", "plane");
  plane.tabIndex = 0;
  plane.setAttribute("role", "application");
  plane.setAttribute("aria-roledescription", "decision field");
  const canvas = element("canvas");
  canvas.setAttribute("aria-hidden", "true"); // the plane carries the label
  plane.append(canvas);
  const note = element("p", "panel-note", app.scene.memory[plan.method] ?? "");
  box.append(caption, plane, note);
  const ctx = canvas.getContext("2d", { alpha: false }); // opaque: nothing below to blend with
  const panel = { ...plan, box, plane, canvas, ctx, field: newField(app.scene.side), name, kText, numberBox, number };
  listenToPlane(app, panel);
  return panel;
}

// The grid as a picture of one pixel a cell.
function newField(side) {
  const canvas = new OffscreenCanvas(side, side);
  const ctx = canvas.getContext("2d", { alpha: false });
  const image = ctx.createImageData(side, side);
  return { canvas, ctx, image, words: new Uint32Array(image.data.buffer) };
}

function methodSelect(app, method, index) {
  const select = element("select", "panel-name");
  select.setAttribute("aria-label", `Method of panel ${index + 1}`);
  for (const choice of SIDE_CHOICES) {
    if (choice === "fixed" && !app.scene.fixed.length) continue;
    select.append(new Option(METHODS[choice].name, choice, false, choice === method));
  }
  select.addEventListener("change", () => {
    app.state.panels = app.state.panels.map((old, i) => (i === index ? select.value : old));
    buildPanels(app);
    app.ui.panels.querySelectorAll("select")[index].focus();
    commit(app);
  });
  return select;
}

const panelK = (app, panel) => panel.k ?? app.state.k;

function paintPanel(app, panel) {
  const { scene, theme } = app;
  const k = panelK(app, panel);
  const { words, image, ctx } = panel.field;
  if (panel.method === "input") words.fill(word(theme.background));
  else if (panel.method === "disagreement") panel.differ = paintDisagreement(app, words, ...comparedMethods(app), k);
  else {
    const labels = labelsOf(scene, panel.method, k);
    const shaded = app.state.field === "probability" && fillShares(scene, panel.method, k, labels, app.shares);
    if (shaded) paintShaded(words, labels, app.shares, theme.lookup.shaded, scene.side);
    else paintFlat(words, labels, theme.lookup.hard, scene.side);
  }
  ctx.putImageData(image, 0, 0);
}

// The grid's first row is the lowest, a picture's first row the highest.
function paintFlat(words, labels, colours, side) {
  for (let row = 0, cell = 0; row < side; row++) {
    for (let at = (side - 1 - row) * side, end = at + side; at < end; at++, cell++) words[at] = colours[labels[cell]];
  }
}

function paintShaded(words, labels, shares, colours, side) {
  for (let row = 0, cell = 0; row < side; row++) {
    for (let at = (side - 1 - row) * side, end = at + side; at < end; at++, cell++) words[at] = colours[labels[cell] * 256 + shares[cell]];
  }
}

// The third panel compares the first two that show a method.
function comparedMethods(app) {
  const others = app.state.panels.filter((method) => method !== "disagreement");
  return [others[0] ?? "knn", others[1] ?? "knet"];
}

// Returns the share of cells at which the two differ.
function paintDisagreement(app, words, first, second, k) {
  const { scene, theme } = app;
  const a = labelsOf(scene, first, k);
  const b = labelsOf(scene, second, k);
  const { agree, differ } = theme.lookup;
  let count = 0;
  for (let row = 0, cell = 0; row < scene.side; row++) {
    for (let at = (scene.side - 1 - row) * scene.side, end = at + scene.side; at < end; at++, cell++) {
      if (a[cell] === b[cell]) words[at] = agree[a[cell]];
      else {
        words[at] = differ;
        count++;
      }
    }
  }
  return count / scene.cells;
}

function captionPanel(app, panel) {
  const { scene, state } = app;
  const k = panelK(app, panel);
  const showsK = panel.k !== null || panel.method === "fixed"; // otherwise the k beside the slider
  if (state.view === "fig2") setText(panel.name, panel.letter + METHODS[panel.method].name);
  setText(panel.kText, showsK ? `k = ${methodK(scene, panel.method, k)}` : "");
  const value = measureOf(scene, state.curve, panel.method, k);
  const known = value === undefined ? "" : `${percent(value)} ${state.curve === "accuracy" ? "right" : "as Bayes"}`;
  setText(panel.number, panel.method === "disagreement" ? `${percent(panel.differ)} of area` : known);
  panel.numberBox.hidden = panel.number.textContent === "";
}

function labelPlane(app, panel) {
  const number = panel.number.textContent;
  const title = methodTitle(app.scene, panel.method, panelK(app, panel));
  const keys = "Arrow keys move a reading point, Enter acts on the nearest training point, Escape clears.";
  panel.plane.setAttribute("aria-label", `${panel.letter}${title}${number ? `: ${number}` : ""}. ${keys}`);
}
