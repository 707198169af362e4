// Choosing points: with the lasso, a box, a click, the legend or the keyboard. One selection for all maps. It is kept by
// id (`mask`), because points may leave the drawing and come back; `on` is the same for the drawn rows.

const UNDO_DEPTH = 50;

function startDrag(app, panel, event) {
  if (event.button !== 0 || app.drag) return;
  for (const other of app.panels) if (other.tween) arrive(other); // the points stand still under a lasso
  panel.plane.setPointerCapture(event.pointerId);
  const path = [placeOf(panel, event)];
  const how = event.shiftKey ? "add" : event.altKey ? "remove" : "replace";
  app.drag = { panel, tool: app.tool, path, how, at: [event.clientX, event.clientY], moved: false, before: app.on.slice() };
  if (app.tool === "lasso" || app.tool === "box") Object.assign(app.drag, { owned: [], seen: new Uint8Array(app.points.n + 1) });
  if (app.tool === "lasso") Object.assign(app.drag, { outline: () => path, parity: new Uint8Array(app.points.n) });
  if (app.tool === "box" || app.tool === "zoom") app.drag.outline = () => corners(path);
  read(app, null);
}

function moveDrag(app, event) {
  const { drag } = app;
  if (!drag.moved && Math.hypot(event.clientX - drag.at[0], event.clientY - drag.at[1]) < 4) return;
  drag.moved = true;
  const steps = event.getCoalescedEvents?.() ?? [];
  for (const step of steps.length ? steps : [event]) extendDrag(app, drag, placeOf(drag.panel, step));
  schedule(app, "top");
}

function extendDrag(app, drag, place) {
  const { panel, tool, path } = drag;
  const last = path[path.length - 1];
  if (tool === "lasso") {
    if (Math.hypot(place[0] - last[0], place[1] - last[1]) * panel.plane.clientWidth < 2 * panel.view.size) return;
    path.push(place);
    toggleCrossed(drag.parity, panel.uv, last, place);
  } else if (tool === "move") {
    pan(app, panel, last[0] - place[0], last[1] - place[1]);
    return; // the place under the pointer stays the one that was taken hold of
  } else path[1] = place;
  if (tool !== "zoom") app.dirty.add("selection");
}

function endDrag(app, event) {
  const { drag } = app;
  if (!drag || event.type === "pointercancel") return cancelDrag(app);
  app.drag = null;
  if (!drag.moved) clickMap(app, drag, event);
  else if (drag.tool === "zoom") zoomToBox(app, drag);
  else if (drag.tool !== "move") {
    app.on = combine(app.points.n, drag);
    choose(app, maskOf(app, drag.how !== "replace"));
  }
  schedule(app, "top");
  settle(app);
}

function cancelDrag(app) {
  if (!app.drag) return;
  app.on = app.drag.before;
  app.drag = null;
  recount(app);
  schedule(app, "chosen", "bars", "top");
  settle(app);
}

function clickMap(app, { panel, tool, how }, event) {
  if (tool === "zoom") return zoomBy(app, panel, how === "replace" ? 0.5 : 2, placeOf(panel, event));
  const row = nearestRow(panel, ...placeOf(panel, event));
  if (row >= 0) toggleRow(app, row, how !== "replace");
}

// One point: alone, or in addition; chosen once more in addition, it goes.
function toggleRow(app, row, further) {
  const taken = further && app.on[row];
  if (!further) app.on.fill(0);
  app.on[row] = taken ? 0 : 1;
  choose(app, maskOf(app, further));
}

// All points for which `test(row)` holds: a class, a ring.
function chooseWhere(app, test, further) {
  for (let i = 0; i < app.points.n; i++) app.on[i] = (further && app.on[i]) || test(i) ? 1 : 0;
  choose(app, maskOf(app, further));
}

// The mask that `on` stands for; selected points that are not drawn stay only when something is added or taken away.
function maskOf(app, keepUndrawn) {
  const { ids, total } = app.points;
  if (!ids) return app.on.slice();
  const mask = keepUndrawn ? app.mask.slice() : new Uint8Array(total);
  ids.forEach((id, row) => (mask[id] = app.on[row]));
  return mask;
}

function choose(app, mask, { remember = true } = {}) {
  const before = maskToText(app.mask);
  app.mask = mask;
  const text = maskToText(mask);
  showMask(app);
  if (text === before) return;
  if (remember) app.history = [...app.history.slice(1 - UNDO_DEPTH), before];
  showHistory(app);
  report(app);
  saySelection(app);
}

function undo(app) {
  if (!app.history.length) return;
  choose(app, textToMask(app.history.pop(), app.points.total), { remember: false });
}

function showMask(app) {
  const { ids } = app.points;
  app.on = ids ? Uint8Array.from(ids, (id) => app.mask[id]) : app.mask.slice();
  recount(app);
  schedule(app, "chosen", "bars");
}

// During a drag, once a frame.
function updateDrag(app) {
  app.on = combine(app.points.n, app.drag);
  recount(app);
  app.dirty.add("chosen").add("bars");
}

function combine(n, drag) {
  const hit = drag.tool === "lasso" ? insideLasso(drag) : insideBox(n, drag);
  if (drag.how === "replace") return hit;
  const add = drag.how === "add";
  for (let i = 0; i < n; i++) hit[i] = add ? drag.before[i] | hit[i] : drag.before[i] & ~hit[i];
  return hit;
}

// Even-odd rule: a point is inside if a ray from it to the right crosses the outline an odd number of times. Every edge
// toggles the points whose ray it crosses, so a growing lasso costs one pass over the points for each new edge, and the
// edge that closes it is the only one that has to be taken back: it goes into a copy.
function insideLasso({ path, parity, panel }) {
  const hit = parity.slice();
  toggleCrossed(hit, panel.uv, path[path.length - 1], path[0]);
  return hit;
}

function toggleCrossed(parity, uv, [u0, v0], [u1, v1]) {
  const slope = (u1 - u0) / (v1 - v0);
  for (let i = 0; i < parity.length; i++) {
    const v = uv[2 * i + 1];
    if (v0 > v !== v1 > v && uv[2 * i] < slope * (v - v0) + u0) parity[i] ^= 1;
  }
}

function corners([[u0, v0], [u1, v1] = [u0, v0]]) {
  return [[u0, v0], [u1, v0], [u1, v1], [u0, v1]];
}

function insideBox(n, { path, panel: { uv } }) {
  const [[u0, v0], , [u1, v1]] = corners(path);
  const [left, right, low, high] = [Math.min(u0, u1), Math.max(u0, u1), Math.min(v0, v1), Math.max(v0, v1)];
  const hit = new Uint8Array(n);
  for (let i = 0; i < n; i++) hit[i] = uv[2 * i] >= left && uv[2 * i] <= right && uv[2 * i + 1] >= low && uv[2 * i + 1] <= high;
  return hit;
}

// What the bars show: of the selected points, or of all if none is selected.
function recount(app) {
  bringUpToDate(app.tallied, app.points, app.on);
  app.count = app.tallied.count;
  app.tally = app.count ? app.tallied : app.tallyOfAll;
  app.root.dataset.chosen = app.count > 0;
}

// Counts of the points that are `on`: by class for each kind of label, by ring; and the sums of their probabilities.
function newTally({ n, labels, classes, rings, probs }) {
  return {
    on: new Uint8Array(n),
    count: 0,
    classes: labels.map(() => new Int32Array(classes.length)),
    circled: rings.map(() => 0),
    sums: probs && new Float64Array(classes.length),
  };
}

function tallyOfAll(points) {
  const tally = newTally(points);
  bringUpToDate(tally, points, new Uint8Array(points.n).fill(1));
  return tally;
}

// Only what has changed since: a frame of a lasso changes few points, and sums of whole numbers do not drift.
function bringUpToDate(tally, { n, labels, ringBits, probs }, on) {
  const { classes, circled, sums } = tally;
  for (let i = 0; i < n; i++) {
    const change = on[i] - tally.on[i];
    if (!change) continue;
    tally.on[i] = on[i];
    tally.count += change;
    for (let k = 0; k < labels.length; k++) classes[k][labels[k].y[i]] += change;
    for (let kind = 0; kind < circled.length; kind++) circled[kind] += change * ((ringBits[i] >> kind) & 1);
    if (probs) for (let c = 0, at = i * sums.length; c < sums.length; c++, at++) sums[c] += change * probs[at];
  }
}

const meanSoftmax = ({ sums, count }) => sums.map((sum) => sum / (255 * Math.max(1, count)));
