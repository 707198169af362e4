// The maps: their elements, their three layers (all points, the selected ones, what moves), and painting them.

const WHOLE = { u: -0.03, v: -0.03, size: 1.06 }; // the square of the map that is seen, in its units
const DIMMED = 0.3; // what is left of the others when some are selected; as in the style sheet
const TWEEN = { ms: 300, most: 20000 }; // a forming map glides from frame to frame, if it is not too large

function buildMaps(app) {
  app.resize.disconnect();
  app.panels = app.options.maps.map((_, index) => buildMap(app, index));
  app.ui.maps.replaceChildren(...app.panels.map((panel) => panel.box));
  app.root.dataset.maps = app.panels.length;
  for (const panel of app.panels) app.resize.observe(panel.plane);
  app.resize.observe(app.ui.bars);
  app.zoom = null;
}

function buildMap(app, index) {
  const box = element("figure", "map");
  const caption = element("figcaption", "map-caption");
  const [title, zoomed, note] = [element("strong", "map-title"), element("span", "map-zoomed"), element("p", "map-note")];
  caption.append(title, zoomed);
  const plane = element("div", "plane");
  plane.tabIndex = 0;
  plane.setAttribute("role", "application");
  plane.setAttribute("aria-roledescription", "map of points");
  const layers = ["base", "chosen", "top"].map((name) => element("canvas", name));
  for (const canvas of layers) canvas.setAttribute("aria-hidden", "true"); // the plane carries the label
  plane.append(...layers);
  box.append(caption, plane, note);
  const panel = { index, box, title, zoomed, note, plane, size: 0, view: WHOLE, uv: null, goal: null };
  [panel.base, panel.chosen] = layers.map((canvas) => ({ canvas, ctx: canvas.getContext("2d", { willReadFrequently: true }) }));
  panel.top = layers[2].getContext("2d");
  listenToMap(app, panel);
  return panel;
}

function captionMaps(app) {
  app.panels.forEach((panel, index) => {
    const { title, note } = app.options.maps[index];
    panel.title.textContent = title;
    panel.note.textContent = note;
    panel.note.hidden = !note;
  });
}

function sizeMap(app, panel) {
  const size = Math.max(1, Math.round(panel.plane.clientWidth * app.pixelRatio));
  if (panel.size === size) return;
  panel.size = size;
  for (const layer of [panel.base, panel.chosen]) {
    layer.canvas.width = layer.canvas.height = size;
    layer.image = layer.ctx.createImageData(size, size);
    layer.words = new Uint32Array(layer.image.data.buffer);
  }
  panel.top.canvas.width = panel.top.canvas.height = size;
}

// New places: at once, or gliding there when a map forms.
function moveTo(app, panel, uv) {
  const glide = panel.uv?.length === uv.length && uv.length <= 2 * TWEEN.most && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  panel.goal = uv;
  panel.tween = glide ? { from: panel.uv.slice(), start: performance.now() } : null;
  panel.uv = glide ? panel.uv.slice() : uv;
}

function glide(app) {
  for (const panel of app.panels) {
    if (!panel.tween) continue;
    const share = Math.min(1, (performance.now() - panel.tween.start) / TWEEN.ms);
    if (share === 1) arrive(panel);
    else panel.uv.forEach((_, i) => (panel.uv[i] = panel.tween.from[i] + (panel.goal[i] - panel.tween.from[i]) * share));
    schedule(app, "base", "chosen", "top");
  }
}

function arrive(panel) {
  panel.uv = panel.goal;
  panel.tween = null;
}

// Few points are large, many are small; a zoom that shows few makes them large again.
function pointRadius(app) {
  const seen = app.zoom ? app.zoom.count : app.points.n;
  const size = Math.min(1.15, Math.max(0.8, (app.panels[0].size / app.pixelRatio / 560) ** 0.5));
  const radius = Math.min(6, Math.max(1.7, 40 / Math.max(1, seen) ** 0.3)) * size;
  return (Math.round(4 * radius) / 4) * app.pixelRatio;
}

function stampsFor(app, panel) {
  const radius = pointRadius(app);
  const key = `${radius}:${panel.size}`;
  if (!app.stamps.has(key)) {
    if (app.stamps.size > 8) app.stamps.clear();
    app.stamps.set(key, makeStamps(app, radius, panel.size));
  }
  return app.stamps.get(key);
}

function paintBase(app, panel) {
  const { points } = app;
  const { words, ctx, image } = panel.base;
  const stamps = stampsFor(app, panel);
  const members = app.zoom && app.zoom.leader !== panel ? app.zoom.members : null;
  words.fill(word(app.theme.background));
  const put = placer(panel, putInto(words, panel.size));
  const looks = looksOn(app, panel);
  if (members) for (const i of points.order) if (!members[i]) put(stamps.faint[looks[i]], i);
  for (const i of points.order) {
    if (members && !members[i]) continue;
    put(stamps.plain[looks[i]], i);
    if (points.ringBits[i]) putRings(app, stamps, put, i);
  }
  ctx.putImageData(image, 0, 0);
}

function paintChosen(app, panel) {
  const { words, ctx, image } = panel.chosen;
  const { points, on } = app;
  if (app.drag?.owned && app.drag.moved) paintLive(app, panel);
  else if (!app.count) words.fill(0);
  else {
    words.fill(0);
    const stamps = stampsFor(app, panel);
    const put = placer(panel, putInto(words, panel.size));
    const looks = looksOn(app, panel);
    for (const i of points.order) {
      if (!on[i]) continue;
      put(stamps.bold[looks[i]], i);
      if (points.ringBits[i]) putRings(app, stamps, put, i);
    }
  }
  ctx.putImageData(image, 0, 0);
}

// In every frame of a lasso: whoever owns a pixel decides how it is seen. So the cost does not grow with the number of
// points; only that a selected point below an unselected one comes to the top when the lasso ends. The layer below is
// hidden meanwhile, because blending two layers costs as much as everything else in the frame.
function paintLive(app, panel) {
  const { full, dim, owner } = (app.drag.owned[panel.index] ??= ownedPicture(app, panel));
  const { words } = panel.chosen;
  const { seen } = app.drag;
  seen.set(app.on);
  const back = app.count ? dim : panel.base.words;
  for (let p = 0; p < words.length; p++) words[p] = seen[owner[p]] ? full[p] : back[p];
}

// All points as if selected, whose each pixel is (n = nobody's), and the points as they are when others are selected.
function ownedPicture(app, panel) {
  const { points } = app;
  const stamps = stampsFor(app, panel);
  const full = new Uint32Array(panel.size ** 2);
  const owner = new Uint32Array(full.length).fill(points.n);
  const put = placer(panel, (stamp, x, y, i) => putOwned(full, owner, panel.size, stamp, x, y, i));
  const looks = looksOn(app, panel);
  for (const i of points.order) {
    put(stamps.bold[looks[i]], i);
    if (points.ringBits[i]) putRings(app, stamps, put, i);
  }
  const paper = word(app.theme.background);
  const dim = panel.base.words.map((ink) => over(paper, ink, Math.round(255 * DIMMED)));
  return { full, dim, owner };
}

function putRings(app, stamps, put, i) {
  const bits = app.points.ringBits[i] & app.ringsShown;
  for (let kind = 0; bits >> kind; kind++) if ((bits >> kind) & 1) put(stamps.rings[kind], i);
}

// A function that puts a stamp where a point is on this map, in the way of `put`.
function placer({ uv, view, size }, put) {
  const scale = size / view.size;
  return (stamp, i) => put(stamp, Math.floor((uv[2 * i] - view.u) * scale), Math.floor(size - (uv[2 * i + 1] - view.v) * scale), i);
}

const putInto = (words, size) => (stamp, x, y) => putStamp(words, size, stamp, x, y);

// In pixels of the layers.
function pixelOf(panel, i) {
  const scale = panel.size / panel.view.size;
  return [(panel.uv[2 * i] - panel.view.u) * scale, panel.size - (panel.uv[2 * i + 1] - panel.view.v) * scale];
}

// What moves: the lasso or box that is being drawn, and the point that is being read, on every map.
function paintTop(app, panel) {
  const { top, size } = panel;
  const outlined = app.drag?.panel === panel && app.drag.outline;
  const empty = !outlined && !app.reading;
  if (empty && panel.topEmpty) return;
  panel.topEmpty = empty;
  top.clearRect(0, 0, size, size);
  if (outlined) drawOutline(app, panel);
  if (app.reading) {
    top.beginPath();
    top.arc(...pixelOf(panel, app.reading.row), pointRadius(app) + 7 * app.pixelRatio, 0, 2 * Math.PI);
    strokeTwice(app, top, 2.2, []);
  }
}

function drawOutline(app, panel) {
  const { top, size, view } = panel;
  top.beginPath();
  for (const [u, v] of app.drag.outline()) top.lineTo(((u - view.u) / view.size) * size, size - ((v - view.v) / view.size) * size);
  top.closePath();
  top.fillStyle = css(app.theme.text, 0.07);
  top.fill();
  strokeTwice(app, top, 1.8, app.drag.tool === "zoom" ? [2, 3] : [6, 4]);
}

// A line that stays visible over anything: paper below, ink above.
function strokeTwice(app, ctx, width, dash) {
  for (const [colour, extra] of [[css(app.theme.background, 0.85), 2.5], [css(app.theme.text), 0]]) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = (width + extra) * app.pixelRatio;
    ctx.setLineDash(extra ? [] : dash.map((v) => v * app.pixelRatio));
    ctx.stroke();
  }
  ctx.setLineDash([]);
}
