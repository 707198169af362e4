// The entry that Streamlit calls, again after every change of its inputs. A scatter is several mounts: this one gets the
// points as bytes, invisible ones (relay.js) get the options, the places on each map and the pictures, so that a change
// of one never sends the others again. Places and points are shown together when they are of the same crowd.

const post = (globalThis.labScatter ??= { parts: new Map(), apps: new Map() });

export default function scatter(component) {
  const root = component.parentElement.querySelector(".lab-scatter");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const end = component.data.indexOf(10); // a line of JSON, then the message
  Object.assign(app, JSON.parse(new TextDecoder().decode(component.data.subarray(0, end)))); // name, palette
  post.apps.set(app.name, app.receive);
  for (const [part, body] of post.parts.get(app.name) ?? []) app.receive(part, body);
  app.receive("points", component.data.subarray(end + 1));
  retheme(app);
  return () => dispose(app);
}

function createApp(root) {
  const abort = new AbortController();
  const app = {
    root,
    ui: collectUi(root),
    abort,
    newest: {}, // part -> what was read last; identities -> what was received last
    identities: {},
    options: null,
    points: null,
    panels: [],
    stamps: new Map(),
    dirty: new Set(),
    paints: 0,
    times: { born: performance.now() }, // since the page was asked for
    pixelRatio: Math.min(2, globalThis.devicePixelRatio || 1),
    hidden: new Set(),
    mask: new Uint8Array(0),
    history: [],
    drag: null,
    zoom: null,
    reading: null,
  };
  app.receive = (part, body) => receive(app, part, body);
  app.resize = new ResizeObserver(() => resize(app));
  root.labApp = app;
  root.labHook = testHook(app);
  listenToControls(app, abort.signal);
  useTool(app, matchMedia("(pointer: coarse)").matches ? "move" : "lasso"); // a finger scrolls the page first
  return app;
}

function dispose(app) {
  app.abort.abort();
  app.resize.disconnect();
  cancelAnimationFrame(app.frame);
  clearTimeout(app.saying);
  app.root.labApp = null;
  if (post.apps.get(app.name) === app.receive) post.apps.delete(app.name);
}

async function receive(app, part, body) {
  if (part === "options") {
    app.newest.options = body;
    return settle(app);
  }
  const identity = messageIdentity(body);
  if (app.identities[part] === identity) return;
  app.identities[part] = identity;
  try {
    const read = await readPart(body);
    if (app.identities[part] !== identity) return; // a newer one is on its way
    app.newest[part] = read;
    settle(app);
  } catch (error) {
    app.ui.maps.textContent = `This picture could not be read: ${error.message}`;
    throw error;
  }
}

// Takes over what has come, once it fits together and no lasso is being drawn.
function settle(app) {
  const { options, points, pictures } = app.newest;
  if (app.drag || !options || !points) return;
  const places = options.maps.map((_, index) => app.newest[`map${index}`]);
  if (!places.every((map) => map?.crowd === points.crowd && map.n === points.n)) return;
  const revised = app.options?.revision !== options.revision;
  const newPoints = app.points !== points;
  app.options = options;
  app.pictures = pictures ?? null;
  if (app.panels.length !== places.length) buildMaps(app);
  if (newPoints) takePoints(app, points);
  captionMaps(app);
  if (revised) takeStart(app, options.start);
  if (newPoints || revised) showPoints(app);
  const moved = app.panels.filter((panel, index) => panel.goal !== places[index].uv);
  for (const panel of moved) moveTo(app, panel, places[panel.index].uv);
  resize(app);
  if (moved.length) follow(app);
  if (newPoints || revised || app.root.dataset.ready === "false") saySelection(app);
  app.root.dataset.ready = "true";
}

// The selection stays as long as the points are the same ones, whatever their labels are now.
function takePoints(app, points) {
  const sameSet = app.points?.total === points.total;
  app.points = points;
  app.tallyOfAll = tallyOfAll(points);
  app.tallied = newTally(points);
  app.reading = null;
  app.ui.tip.hidden = true;
  if (!sameSet) Object.assign(app, { mask: new Uint8Array(points.total), history: [] });
}

function takeStart(app, { colour, hidden, ids }) {
  const { total } = app.points;
  app.colour = colour;
  app.hidden = new Set(hidden);
  if (app.revision !== undefined) app.history.push(maskToText(app.mask)); // Python's choice can be undone like any other
  app.revision = app.options.revision;
  app.mask = textToMask(ids, total).subarray(0, total);
}

function showPoints(app) {
  showNotice(app);
  showMask(app);
  showHistory(app);
  app.themeKey = "";
  retheme(app);
}

function retheme(app) {
  if (!app.points) return;
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key === app.themeKey) return;
  app.themeKey = key;
  app.theme = readTheme(app.root, app.palette, app.points.classes.length);
  const { dark, text, error } = app.theme;
  app.theme.ramp = (dark ? app.palette.rampDark : app.palette.ramp).map(toRgb);
  app.theme.rings = [error, text, toRgb(dark ? "#8AB4FF" : "#3A4FB8")];
  app.root.dataset.dark = dark;
  showColour(app);
  showRings(app);
  schedule(app, "base", "chosen", "top", "bars");
}

function resize(app) {
  if (!app.points) return;
  app.pixelRatio = Math.min(2, globalThis.devicePixelRatio || 1);
  for (const panel of app.panels) sizeMap(app, panel);
  sizeBars(app);
  schedule(app, "base", "chosen", "top", "bars");
}

// Whatever changes asks for a frame; one frame draws everything that was asked for.
function schedule(app, ...parts) {
  for (const part of parts) app.dirty.add(part);
  app.frame ??= requestAnimationFrame(() => {
    app.frame = null;
    if (app.theme) drawFrame(app);
  });
}

function drawFrame(app) {
  const { dirty, panels } = app;
  if (dirty.has("selection") && app.drag) updateDrag(app);
  const parts = new Set(dirty);
  dirty.clear();
  app.root.dataset.live = Boolean(app.drag?.owned?.length);
  glide(app); // asks for the next frame until it has arrived
  for (const panel of panels) {
    if (!panel.uv) continue;
    if (parts.has("base")) paintBase(app, panel);
    if (parts.has("chosen")) paintChosen(app, panel);
    if (parts.has("top")) paintTop(app, panel);
  }
  if (parts.has("bars")) {
    paintBars(app);
    setText(app.ui.status, statusWords(app));
  }
  app.paints++;
  app.times.painted ??= performance.now();
}

// Tells Python what has been chosen; never in the middle of a lasso.
function report(app) {
  const { colour, hidden, mask, revision } = app;
  app.component.setStateValue("state", { revision, colour, hidden: [...hidden], ids: maskToText(mask) });
}

function testHook(app) {
  return {
    get paints() { return app.paints; },
    get times() { return app.times; },
    get tool() { return app.tool; },
    get colour() { return colouring(app).name; },
    get selection() { return [...app.mask.keys()].filter((id) => app.mask[id]); },
    get count() { return app.count; },
    get tally() { return { classes: app.tally.classes.map((counts) => [...counts]), circled: app.tally.circled, softmax: [...meanSoftmax(app.tally)] }; },
    get undoDepth() { return app.history.length; },
    get views() { return app.panels.map(({ view }) => view); },
    get zoom() { return app.zoom && { leader: app.zoom.leader.index, rows: [...app.zoom.members.keys()].filter((i) => app.zoom.members[i]) }; },
    get path() { return app.drag?.path ?? null; },
    get ids() { return app.points.ids && [...app.points.ids]; },
    reading: () => app.reading && { map: app.reading.panel.index, row: app.reading.row },
    places: (map) => [...app.panels[map].goal],
    onPage: (map, row) => {
      const box = app.panels[map].plane.getBoundingClientRect();
      const [x, y] = pixelOf(app.panels[map], row);
      return [box.left + x / app.pixelRatio, box.top + y / app.pixelRatio];
    },
    picture: () => drawPicture(app).toDataURL("image/png"),
  };
}
