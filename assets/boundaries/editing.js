// Changing labels by hand. The page shows a change at once; Python owns the labels and answers with a new scene.
// Changes travel as a list of everything Python has not acknowledged yet, each with a running number, because
// Streamlit keeps only the newest trigger while a script runs: so each arrives exactly once.

function listenToPlane(app, panel) {
  const { plane } = panel;
  plane.addEventListener("pointermove", (event) => {
    if (app.edit.lasso) extendLasso(app, event);
    else read(app, placeAt(app, panel, event));
  });
  plane.addEventListener("pointerleave", () => !app.edit.lasso && read(app, null));
  plane.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (app.edit.tool === "flip") flip(app, placeAt(app, panel, event).point);
    if (app.edit.tool === "lasso") startLasso(app, panel, event);
  });
  plane.addEventListener("pointerup", (event) => endLasso(app, event));
  plane.addEventListener("pointercancel", (event) => endLasso(app, event));
  plane.addEventListener("blur", () => read(app, null));
  plane.addEventListener("keydown", (event) => {
    if (walk(app, panel, event) || actOnKey(app, event)) event.preventDefault();
  });
}

function actOnKey(app, event) {
  if (event.key === "Escape") {
    select(app, []);
    read(app, null);
    return true;
  }
  if (event.key !== "Enter" || !app.reading || app.reading.point < 0) return false;
  const { point } = app.reading;
  const { tool, selection } = app.edit;
  if (tool === "flip") flip(app, point);
  if (tool === "lasso") select(app, selection.has(point) ? [...selection].filter((i) => i !== point) : [...selection, point]);
  return tool !== "look";
}

function flip(app, point) {
  if (point < 0) return;
  select(app, [point]);
  sendEdit(app, { ids: [point], label: (app.given[point] + 1) % app.scene.classes.length });
}

function startLasso(app, panel, event) {
  panel.plane.setPointerCapture(event.pointerId);
  const { u, v } = placeAt(app, panel, event);
  app.edit.lasso = { panel, path: [[u, v]], keep: event.shiftKey ? [...app.edit.selection] : [] };
  app.reading = null;
  app.ui.tip.hidden = true;
}

function extendLasso(app, event) {
  const { panel, path } = app.edit.lasso;
  const { u, v } = placeAt(app, panel, event);
  const [lastU, lastV] = path[path.length - 1];
  if (Math.hypot(u - lastU, v - lastV) * panel.plane.clientWidth < 2) return;
  path.push([u, v]);
  schedule(app, "top");
}

function endLasso(app, event) {
  const { lasso } = app.edit;
  if (!lasso) return;
  lasso.panel.plane.releasePointerCapture?.(event.pointerId);
  app.edit.lasso = null;
  const inside = [];
  for (let i = 0; i < app.given.length; i++) if (isInside(lasso.path, app.unit[2 * i], app.unit[2 * i + 1])) inside.push(i);
  select(app, [...lasso.keep, ...inside]);
}

// Even-odd rule.
function isInside(path, x, y) {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [xi, yi] = path[i];
    const [xj, yj] = path[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

function select(app, ids) {
  app.edit.selection = new Set(ids);
  schedule(app, "top");
  showEditStatus(app);
  if (ids.length) say(app, app.ui.editStatus.textContent);
}

function sendEdit(app, change) {
  const { edit } = app;
  edit.pending.push({ n: edit.next++, ...change });
  app.component.setTriggerValue("edit", edit.pending);
  showLabels(app);
}

// Python has dealt with everything up to `ack`; while it is busy the optimistic labels stay until the new scene comes.
function acknowledge(app, { ack, busy }) {
  const { edit } = app;
  edit.next = Math.max(edit.next, ack + 1);
  if (busy || app.loading) edit.settled = ack;
  else edit.pending = edit.pending.filter((change) => change.n > ack);
  app.busy = busy;
}

// Given labels and hand-set marks as they will be once Python has dealt with the pending changes.
function showLabels(app) {
  const { scene, edit } = app;
  const changes = [];
  for (const change of edit.pending) {
    if (change.undo) changes.pop();
    else if (change.reset) changes.length = 0;
    else changes.push(change);
  }
  app.given = scene.yGiven.slice();
  app.edited = scene.edited.slice();
  for (const { ids, label } of changes) {
    for (const i of ids) {
      app.given[i] = label;
      app.edited[i] = 1;
    }
  }
  app.overlays.clear();
  showEditStatus(app);
  schedule(app, "top");
}

function showEditStatus(app) {
  const { ui, edit } = app;
  const count = edit.selection.size;
  const waiting = edit.pending.length > 0 || app.busy;
  const hint = { look: "", flip: "Click a point: its label moves on to the next class.", lasso: "Draw around points." }[edit.tool];
  ui.editStatus.textContent = waiting ? "Recomputing…" : count ? `${count} selected (Esc clears)` : hint;
  for (const button of ui.relabel.querySelectorAll("button")) button.disabled = count === 0;
  ui.relabel.hidden = edit.tool === "look" && count === 0;
  const changed = app.edited?.includes(1);
  ui.undo.disabled = ui.reset.disabled = !changed;
}
