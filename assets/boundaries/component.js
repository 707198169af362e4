// The entry that Streamlit calls, again after every change of its inputs. A field is two mounts of this one module: the
// first gets a heading and the compressed scene as bytes, the second, invisible one the options as JSON. So a change of
// an option never sends the scene again.

const fields = new Map(); // name -> app
const optionsByName = new Map();

export default function boundaries(component) {
  return component.data instanceof Uint8Array ? mountField(component) : receiveOptions(component.data?.[0]);
}

function receiveOptions(options) {
  optionsByName.set(options.name, options);
  const app = fields.get(options.name);
  if (app) takeOptions(app, options);
}

function mountField(component) {
  const root = component.parentElement.querySelector(".lab-boundaries");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const end = component.data.indexOf(10); // a line of JSON, then the scene
  Object.assign(app, JSON.parse(new TextDecoder().decode(component.data.subarray(0, end)))); // name, palette
  fields.set(app.name, app);
  if (optionsByName.has(app.name)) takeOptions(app, optionsByName.get(app.name));
  takeScene(app, component.data.subarray(end + 1));
  retheme(app);
  return () => dispose(app);
}

function createApp(root) {
  const abort = new AbortController();
  const app = {
    root,
    ui: collectUi(root),
    abort,
    state: null,
    layers: new Set(),
    panels: [],
    overlays: new Map(),
    dirty: new Set(),
    draws: 0,
    pixelRatio: Math.min(2, globalThis.devicePixelRatio || 1),
    edit: { tool: "look", selection: new Set(), lasso: null, pending: [], next: 1, settled: 0 },
  };
  app.resize = new ResizeObserver(() => resize(app));
  root.labApp = app;
  root.labHook = testHook(app);
  listenToControls(app, abort.signal);
  return app;
}

function dispose(app) {
  app.abort.abort();
  app.resize.disconnect();
  clearInterval(app.playing);
  cancelAnimationFrame(app.frame);
  app.root.labApp = null;
  if (fields.get(app.name) === app) fields.delete(app.name);
}

// Python's options: the state is adopted when its revision is new, so that an echo of an old k never undoes a drag.
function takeOptions(app, options) {
  if (app.options === options) return;
  const revised = app.revision !== options.revision;
  const first = app.revision === undefined;
  app.options = options;
  if (revised) {
    app.revision = options.revision;
    app.state = structuredClone(options.state);
    app.layers = new Set(options.state.layers);
  }
  acknowledge(app, options);
  if (!app.scene) return start(app);
  if (revised) {
    adoptState(app);
    if (!first) commit(app);
  }
  showLabels(app);
  showState(app);
}

async function takeScene(app, bytes) {
  const identity = messageIdentity(bytes);
  if (app.identity === identity) return;
  app.identity = identity;
  app.loading = true;
  try {
    const scene = readScene(await inflate(bytes));
    if (app.identity !== identity) return; // a newer one is on its way
    app.nextScene = scene;
    start(app);
  } catch (error) {
    app.ui.panels.textContent = `This picture could not be read: ${error.message}`;
    throw error;
  } finally {
    if (app.identity === identity) app.loading = false;
  }
}

// Needs both the scene and the options; they may come in either order.
function start(app) {
  if (!app.options || !app.nextScene) return;
  app.scene = app.nextScene;
  app.nextScene = null;
  app.loading = false;
  app.edit.pending = app.edit.pending.filter((change) => change.n > app.edit.settled);
  app.unit = unitPoints(app.scene);
  app.shares = new Uint8Array(app.scene.cells);
  const ids = [...app.edit.selection].filter((i) => i < app.scene.yGiven.length);
  app.edit.selection = new Set(ids);
  app.themeKey = "";
  showLabels(app);
  retheme(app);
  adoptState(app);
  app.root.dataset.ready = "true";
}

function adoptState(app) {
  app.state.k = Math.min(app.state.k, app.scene.kMax);
  app.overlays.clear();
  buildPanels(app);
  showState(app);
  redrawAll(app);
  drawFrame(app); // at once, so that the spoken numbers are those of this scene
  sayNumbers(app);
}

// Points in units of the panel, origin at the lower left.
function unitPoints({ points, extent: [x0, x1, y0, y1] }) {
  return points.map((value, i) => (i % 2 ? (value - y0) / (y1 - y0) : (value - x0) / (x1 - x0)));
}

function retheme(app) {
  if (!app.scene) return;
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key === app.themeKey) return;
  app.themeKey = key;
  app.theme = readTheme(app.root, app.palette, app.scene.classes.length);
  app.root.dataset.dark = app.theme.dark;
  buildClassButtons(app);
  redrawAll(app);
}

function redrawAll(app) {
  app.overlays.clear();
  buildNumbers(app);
  drawChart(app);
  schedule(app, "fields", "top", "cursor");
}

function resize(app) {
  app.pixelRatio = Math.min(2, globalThis.devicePixelRatio || 1);
  for (const { plane, canvas } of app.panels) {
    const size = Math.max(1, Math.round(plane.clientWidth * app.pixelRatio));
    if (canvas.width !== size) canvas.width = canvas.height = size;
  }
  app.overlays.clear();
  drawChart(app);
  schedule(app, "top", "cursor");
}

// Whatever changes asks for a frame; one frame draws everything that was asked for.
function schedule(app, ...parts) {
  for (const part of parts) app.dirty.add(part);
  app.frame ??= requestAnimationFrame(() => {
    app.frame = null;
    if (app.scene && app.theme) drawFrame(app);
  });
}

function drawFrame(app) {
  if (app.dirty.has("fields")) {
    for (const panel of app.panels) {
      paintPanel(app, panel);
      captionPanel(app, panel);
    }
    app.draws++;
  }
  if (app.dirty.has("fields") || app.dirty.has("top")) {
    for (const panel of app.panels) composePanel(panel.ctx, app, panel, panel.canvas.width);
  }
  if (app.dirty.has("cursor")) moveCursor(app);
  app.dirty.clear();
}

// Tells Python, after the last change only; a burst of key presses is one message.
function commit(app) {
  clearTimeout(app.committing);
  app.committing = setTimeout(() => {
    app.state.layers = [...app.layers];
    app.component.setStateValue("state", { ...app.state, revision: app.revision });
    sayNumbers(app);
  }, 80);
}

function testHook(app) {
  return {
    get k() { return app.state.k; },
    get draws() { return app.draws; },
    get state() { return { ...app.state, layers: [...app.layers] }; },
    get selection() { return [...app.edit.selection]; },
    get pending() { return app.edit.pending; },
    get given() { return [...app.given]; },
    get edited() { return [...app.edited]; },
    get kMax() { return app.scene.kMax; },
    panelSize: () => app.panels[0].plane.clientWidth,
    cell: (cell, k) => ({
      knnLabel: labelsOf(app.scene, "knn", k)[cell],
      votes: votesAt(app.scene, cell, k),
      topVotes: app.scene.knn.top[(k - 1) * app.scene.cells + cell],
      knetLabel: labelsOf(app.scene, "knet", k)[cell],
    }),
    pointOnPage: (i) => {
      const box = app.panels[0].plane.getBoundingClientRect();
      return [box.left + app.unit[2 * i] * box.width, box.top + (1 - app.unit[2 * i + 1]) * box.height];
    },
    picture: () => drawPicture(app).toDataURL("image/png"),
  };
}
