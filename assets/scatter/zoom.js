// Looking closer. The map that is zoomed leads; the others go to where the same points are, and let strangers fade.

const CLOSEST = 0.01; // of the map's width
const FAR_ONES = 0.03; // of the points on each side that a following map may leave out, so that one outlier is not all

function setView(app, panel, view) {
  const size = Math.min(WHOLE.size, Math.max(CLOSEST, view.size));
  const clamp = (value, low) => Math.min(low + WHOLE.size - size, Math.max(low, value));
  if (size >= WHOLE.size * 0.999) return showWhole(app);
  panel.view = { u: clamp(view.u, WHOLE.u), v: clamp(view.v, WHOLE.v), size };
  app.zoom = { leader: panel };
  follow(app);
}

function showWhole(app) {
  for (const panel of app.panels) panel.view = WHOLE;
  app.zoom = null;
  captionZoom(app);
  schedule(app, "base", "chosen", "top");
}

// Sends the other maps after the leader; also when places have changed.
function follow(app) {
  if (app.zoom) {
    const { leader } = app.zoom;
    Object.assign(app.zoom, membersOf(leader));
    for (const panel of app.panels) if (panel !== leader && app.zoom.count) panel.view = viewOf(panel.goal, app.zoom);
  }
  captionZoom(app);
  schedule(app, "base", "chosen", "top");
}

function membersOf({ goal, view }) {
  const members = new Uint8Array(goal.length / 2);
  let count = 0;
  for (let i = 0; i < members.length; i++) count += members[i] = isSeen(goal, view, i) ? 1 : 0;
  return { members, count };
}

function isSeen(uv, { u, v, size }, i) {
  return uv[2 * i] >= u && uv[2 * i] <= u + size && uv[2 * i + 1] >= v && uv[2 * i + 1] <= v + size;
}

// The square around the members, but for the furthest ones.
function viewOf(uv, { members, count }) {
  const ranges = [0, 1].map((axis) => {
    const values = new Float32Array(count);
    for (let i = 0, at = 0; i < members.length; i++) if (members[i]) values[at++] = uv[2 * i + axis];
    values.sort();
    const left = Math.floor(count * FAR_ONES);
    return [values[left], values[count - 1 - left]];
  });
  const size = Math.min(WHOLE.size, Math.max(CLOSEST, ...ranges.map(([low, high]) => (high - low) * 1.12)));
  const [u, v] = ranges.map(([low, high]) => (low + high - size) / 2);
  return { u, v, size };
}

function zoomBy(app, panel, factor, [u, v] = middleOf(panel.view)) {
  const { view } = panel;
  setView(app, panel, { u: u - (u - view.u) * factor, v: v - (v - view.v) * factor, size: view.size * factor });
}

const middleOf = ({ u, v, size }) => [u + size / 2, v + size / 2];

function zoomToBox(app, { panel, path }) {
  const [[u0, v0], , [u1, v1]] = corners(path);
  const size = Math.max(Math.abs(u1 - u0), Math.abs(v1 - v0));
  setView(app, panel, { u: (u0 + u1 - size) / 2, v: (v0 + v1 - size) / 2, size });
}

function pan(app, panel, du, dv) {
  const { view } = panel;
  if (view !== WHOLE) setView(app, panel, { ...view, u: view.u + du, v: view.v + dv });
}

function captionZoom(app) {
  const { zoom } = app;
  for (const panel of app.panels) setText(panel.zoomed, zoom ? zoomWords(app, panel) : "");
  app.ui.whole.disabled = !zoom;
}

function zoomWords({ zoom }, panel) {
  if (panel === zoom.leader) return `zoomed on ${number(zoom.count)}`;
  let seen = 0;
  for (let i = 0; i < zoom.members.length; i++) if (zoom.members[i] && isSeen(panel.goal, panel.view, i)) seen++;
  return `${number(seen)} of these ${number(zoom.count)} in view`;
}
