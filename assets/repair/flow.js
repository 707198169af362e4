// The label flow of one method: a column for each episode, a ribbon for each way from one to the next.

const COLUMN = 16; // width of a column, in CSS pixels
const FLOW_TOP = 20;
const GAP = 5; // between right, left out and wrong

const nodeColours = (theme) => [theme.classes[0], theme.muted, theme.classes[5]]; // right, left out, wrong

function drawFlow(app) {
  const { ui, theme, replay, method } = app;
  const box = ui.flow.getBoundingClientRect();
  const [width, height] = [Math.max(200, box.width), box.height];
  ui.flow.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const last = method.columns.length - 1;
  const x = (i) => 6 + (i / Math.max(1, last)) * (width - 12 - COLUMN);
  const scale = (height - FLOW_TOP - 2 * GAP - 24) / replay.n;
  const tops = method.columns.map((column) => [FLOW_TOP, FLOW_TOP + GAP + column[0] * scale, FLOW_TOP + 2 * GAP + (column[0] + column[1]) * scale]);
  const colours = nodeColours(theme);
  app.ribbons = method.flows.map((flows, i) => ribbonsOf(flows, tops[i], tops[i + 1], x(i) + COLUMN, x(i + 1), scale, colours));
  app.columns = method.columns.map((column, i) => columnOfFlow(app, column, tops[i], x(i), scale, colours, i, last));
  ui.flow.replaceChildren(patternOf(theme, colours[2]), ...app.ribbons, ...app.columns);
}

// Wrong is hatched as well as coloured.
function patternOf(theme, colour) {
  const defs = shape("defs");
  const pattern = shape("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(shape("rect", { width: 6, height: 6, fill: css(colour) }), shape("rect", { width: 2, height: 6, fill: css(theme.background, 0.75) }));
  defs.append(pattern);
  return defs;
}

function ribbonsOf(flows, from, to, x0, x1, scale, colours) {
  const group = shape("g");
  const [left, right] = [[...from], [...to]];
  for (const [source, target, count] of flows) {
    const h = count * scale;
    const [y0, y1] = [left[source], right[target]];
    left[source] += h;
    right[target] += h;
    if (!count) continue;
    const middle = (x0 + x1) / 2;
    const d = `M${x0},${y0}C${middle},${y0} ${middle},${y1} ${x1},${y1}L${x1},${y1 + h}C${middle},${y1 + h} ${middle},${y0 + h} ${x0},${y0 + h}Z`;
    const path = shape("path", { d, fill: css(colours[target], source === target ? 0.22 : 0.6) });
    path.append(shape("title", {}, `${NODES[source]} → ${NODES[target]}: ${count}`));
    group.append(path);
  }
  return group;
}

function columnOfFlow(app, column, tops, x, scale, colours, i, last) {
  const group = shape("g");
  column.forEach((count, node) => {
    if (!count) return;
    const fill = node === 2 ? "url(#hatch)" : css(colours[node]);
    const bar = shape("rect", { x, y: tops[node], width: COLUMN, height: Math.max(1, count * scale), fill, stroke: css(app.theme.text, 0.7), "stroke-width": 0.8 });
    bar.append(shape("title", {}, `${NODES[node]}: ${count}`));
    group.append(bar);
  });
  const anchor = i === 0 ? "start" : i === last ? "end" : "middle";
  const at = i === 0 ? x : i === last ? x + COLUMN : x + COLUMN / 2;
  const text = { x: at, "text-anchor": anchor, fill: css(app.theme.text), "font-size": 14, "font-family": app.theme.font };
  group.append(shape("text", { ...text, y: 14 }, percent(column[0] / app.replay.n)));
  group.append(shape("text", { ...text, y: app.ui.flow.getBoundingClientRect().height - 4, fill: css(app.theme.muted) }, i === 0 ? "given" : String(i)));
  return group;
}

// What lies ahead of the scrubber is faint.
function showFlow(app) {
  const now = columnOf(app.method, app.episode);
  app.columns.forEach((column, i) => column.setAttribute("opacity", i <= now ? 1 : 0.14));
  app.ribbons.forEach((ribbon, i) => ribbon.setAttribute("opacity", i < now ? 1 : 0.1));
}
