// The controls around the pictures: from the page's markup to the state, and back.

function collectUi(root) {
  const one = (selector) => root.querySelector(selector);
  return {
    legend: one(".legend"),
    save: one(".save"),
    play: one(".play"),
    kRow: one(".k-row"),
    slider: one(".k-slider"),
    kValue: one(".k-value > .still"),
    kMax: one(".k-max"),
    panels: one(".panels"),
    relabel: one(".relabel"),
    undo: one(".undo"),
    reset: one(".reset"),
    editStatus: one(".edit-status"),
    numbers: one(".numbers"),
    chart: one(".chart"),
    cursor: one(".chart-cursor"),
    tip: one(".tip"),
    live: one(".live"),
  };
}

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text; // never innerHTML: class names come from uploads
  return node;
}

// A box of fixed size for a text that changes on every frame (see .still in the style sheet).
function stillIn(parent) {
  const box = element("b", "still");
  parent.append(box);
  return box;
}

// Captions are written on every frame of a drag: the same text is left alone, a new one goes into the text node there is.
function setText(node, text) {
  if (node.textContent === text) return;
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}

function listenToControls(app, signal) {
  const { root, ui } = app;
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal });
  on(ui.slider, "input", () => setK(app, ui.slider.valueAsNumber));
  on(ui.slider, "change", () => commit(app));
  on(ui.slider, "keydown", (event) => pageKeys(app, event));
  on(ui.play, "click", () => (app.playing ? stopPlaying(app) : startPlaying(app)));
  on(ui.save, "click", () => savePicture(app));
  on(ui.undo, "click", () => sendEdit(app, { undo: true }));
  on(ui.reset, "click", () => sendEdit(app, { reset: true }));
  on(root, "change", (event) => {
    if (event.target.type === "radio") chooseRadio(app, event.target);
    if (event.target.type === "checkbox") toggleLayer(app, event.target);
  });
  listenToChart(app, signal);
}

function pageKeys(app, event) {
  const step = { PageUp: 10, PageDown: -10 }[event.key];
  if (!step) return;
  event.preventDefault();
  setK(app, app.state.k + step);
  commit(app);
}

function chooseRadio(app, { name, value }) {
  if (name === "tool") {
    app.edit.tool = app.root.dataset.tool = value;
    showEditStatus(app);
    return;
  }
  app.state[name] = value;
  if (name === "view") buildPanels(app);
  if (name === "curve") redrawAll(app);
  schedule(app, "fields");
  commit(app);
}

function toggleLayer(app, { name, checked }) {
  if (checked) app.layers.add(name);
  else app.layers.delete(name);
  app.overlays.clear();
  schedule(app, "top");
  commit(app);
}

function setK(app, k) {
  k = Math.min(app.scene.kMax, Math.max(1, Math.round(k)));
  if (k === app.state.k) return;
  app.state.k = k;
  showK(app);
  schedule(app, "cursor", ...(app.state.view === "side" ? ["fields"] : [])); // Fig. 2's panels keep their own k
}

function showK(app) {
  const { slider, kValue } = app.ui;
  const { k } = app.state;
  if (slider.valueAsNumber !== k) slider.valueAsNumber = k;
  slider.style.setProperty("--fill", (k - 1) / Math.max(1, app.scene.kMax - 1));
  setText(kValue, String(k));
}

function startPlaying(app) {
  if (app.state.k >= app.scene.kMax) setK(app, 1);
  app.playing = setInterval(() => {
    setK(app, app.state.k + 1);
    if (app.state.k >= app.scene.kMax) stopPlaying(app);
  }, 90);
  labelPlay(app);
}

function stopPlaying(app) {
  clearInterval(app.playing);
  app.playing = null;
  labelPlay(app);
  commit(app);
}

function labelPlay(app) {
  const { play } = app.ui;
  play.firstElementChild.textContent = app.playing ? "❚❚" : "▶";
  play.setAttribute("aria-label", app.playing ? "Pause" : "Play: sweep k upwards");
}

// Puts the whole state into the controls: on the first scene, and when Python changes it.
function showState(app) {
  const { root, ui, scene, state } = app;
  ui.slider.max = scene.kMax;
  ui.kMax.textContent = scene.kMax;
  root.dataset.tool = app.edit.tool;
  for (const input of root.querySelectorAll("input[type=radio]")) {
    input.checked = input.value === (input.name === "tool" ? app.edit.tool : state[input.name]);
  }
  for (const input of root.querySelectorAll("input[type=checkbox]")) input.checked = app.layers.has(input.name);
  for (const part of root.querySelectorAll("[data-part]")) part.hidden = app.options.hide.includes(part.dataset.part);
  showK(app);
  showEditStatus(app);
}

function buildClassButtons(app) {
  const { ui, scene } = app;
  ui.legend.replaceChildren(...scene.classes.map((name, c) => {
    const item = element("li");
    item.append(swatch(app, c), name);
    return item;
  }));
  const buttons = scene.classes.map((name, c) => {
    const button = element("button", "plain");
    button.type = "button";
    button.append(swatch(app, c), name);
    button.addEventListener("click", () => sendEdit(app, { ids: [...app.edit.selection].sort((a, b) => a - b), label: c }));
    return button;
  });
  ui.relabel.replaceChildren(ui.relabel.firstElementChild, ...buttons);
  const sample = app.root.querySelector(".sample-points");
  sample.replaceChildren(...scene.classes.slice(0, 2).map((_, c) => shapeElement(app.theme, c, 6 + 10 * c, 7, 4)));
}
