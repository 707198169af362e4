// All methods on one axis, the labels by class, and the numbers of the episode.

const LEFT = 46;
const DASHES = ["", "7 4", "2 3", "10 3 2 3"]; // the second channel beside colour: every second four methods

function drawCurves(app) {
  const { ui, theme, replay } = app;
  const box = ui.curves.getBoundingClientRect();
  const [width, height] = [Math.max(200, box.width), box.height];
  ui.curves.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const x = (episode) => LEFT + (episode / app.most) * (width - LEFT - 12);
  const y = (share) => 10 + (1 - share) * (height - 38);
  const text = { fill: css(theme.muted), "font-size": 14, "font-family": theme.font };
  const marks = [];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    marks.push(shape("line", { x1: LEFT, x2: width - 12, y1: y(share), y2: y(share), stroke: css(theme.faint) }));
    marks.push(shape("text", { ...text, x: LEFT - 6, y: y(share) + 5, "text-anchor": "end" }, `${100 * share}`));
  }
  for (let i = 0; i <= app.most; i++) marks.push(shape("text", { ...text, x: x(i), y: height - 6, "text-anchor": i ? (i === app.most ? "end" : "middle") : "start" }, i ? String(i) : "given"));
  app.lines = replay.methods.map((method, m) => {
    const points = method.numbers.map((one, i) => `${x(i)},${y(one.recovery)}`);
    const end = method.numbers.length - 1;
    const group = shape("g");
    const line = { fill: "none", stroke: css(colourOf(theme, m)), "stroke-dasharray": DASHES[m % 4] };
    if (end < app.most) points.push(`${x(app.most)},${y(method.numbers[end].recovery)}`); // it stays as it is
    group.append(shape("polyline", { ...line, points: points.join(" ") }));
    group.append(shape("circle", { cx: x(end), cy: y(method.numbers[end].recovery), r: 3.5, fill: css(colourOf(theme, m)), stroke: css(theme.text, 0.6) }));
    group.append(shape("title", {}, method.name));
    return group;
  });
  app.bar = shape("line", { y1: 10, y2: height - 28, stroke: css(theme.text), "stroke-width": 1.5 });
  app.xOf = x;
  ui.curves.replaceChildren(...marks, ...app.lines, app.bar);
}

const colourOf = (theme, m) => theme.classes[[0, 5, 2, 3, 4, 1, 7, 0][m % 8]];

function showCurves(app) {
  app.bar.setAttribute("x1", app.xOf(app.episode));
  app.bar.setAttribute("x2", app.xOf(app.episode));
  app.lines.forEach((line, m) => line.setAttribute("stroke-width", app.replay.methods[m] === app.method ? 4 : 1.8));
  [...app.ui.legend.children].forEach((item, m) => item.classList.toggle("chosen", app.replay.methods[m] === app.method));
}

function buildLegend(app) {
  const items = app.replay.methods.map((method, m) => {
    const item = element("li");
    const svg = shape("svg", { viewBox: "0 0 26 14", class: "swatch", "aria-hidden": "true" });
    svg.append(shape("line", { x1: 0, x2: 26, y1: 7, y2: 7, stroke: css(colourOf(app.theme, m)), "stroke-width": 3, "stroke-dasharray": DASHES[m % 4] }));
    item.append(svg, method.name);
    return item;
  });
  app.ui.legend.replaceChildren(...items);
}

// A bar for the labels of each class and an outline for its true number.
function showCounts(app) {
  const { ui, theme, replay, method } = app;
  const counts = method.numbers[columnOf(method, app.episode)].counts;
  const box = ui.counts.getBoundingClientRect();
  const [width, height] = [Math.max(150, box.width), box.height];
  ui.counts.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const highest = Math.max(...replay.true_counts, ...method.numbers.flatMap((one) => one.counts));
  const step = width / counts.length;
  const parts = counts.flatMap((count, c) => {
    const y = (n) => 4 + (1 - n / highest) * (height - 26);
    const bar = { x: c * step + step * 0.14, width: step * 0.72 };
    const name = replay.classes[c];
    const filled = shape("rect", { ...bar, y: y(count), height: height - 22 - y(count), fill: css(theme.classes[0], 0.75) });
    filled.append(shape("title", {}, `${name}: ${count} labels, truly ${replay.true_counts[c]}`));
    const outline = shape("rect", { ...bar, y: y(replay.true_counts[c]), height: height - 22 - y(replay.true_counts[c]), fill: "none", stroke: css(theme.text), "stroke-width": 1.4, "stroke-dasharray": "3 2" });
    const label = shape("text", { x: c * step + step / 2, y: height - 6, "text-anchor": "middle", "font-size": 13, "font-family": theme.font, fill: css(theme.muted) }, name.slice(0, Math.max(1, Math.floor(step / 8))));
    return [filled, outline, label];
  });
  ui.counts.replaceChildren(...parts);
  ui.counts.setAttribute("aria-label", `Labels by class: ${counts.map((count, c) => `${replay.classes[c]} ${count} of ${replay.true_counts[c]}`).join(", ")}`);
}

// The numbers of the episode; a method without one says nothing about it.
function rowsOf(app) {
  const { method, replay } = app;
  const at = columnOf(method, app.episode);
  const now = method.numbers[at];
  const rows = [
    ["Right labels", percent(now.recovery)],
    ["Repaired since the start", String(now.repaired)],
    ["New mistakes", String(now.broken)],
  ];
  if (now.reference_clean != null) rows.push(["Right among those who vote", percent(now.reference_clean)]);
  if (now.percent != null) rows.push(["Share that votes", `${now.percent.toFixed(0)} %`]);
  if (now.k != null) rows.push(["k", String(now.k)]);
  if (now.gamma != null) rows.push(["Weight of given labels", now.gamma.toFixed(3)]);
  if (now.test_last != null) rows.push(["Test, this network", percent(now.test_last)]);
  if (at === method.columns.length - 1) {
    if (method.kept < replay.n) {
      rows.push(["Rows left out", String(replay.n - method.kept)]);
      rows.push(["Right among the rest", percent(method.kept_clean)]);
    }
    if (method.final.test_last != null) {
      rows.push(["Test, final network, last", percent(method.final.test_last)]);
      rows.push(["… its best epoch", percent(method.final.test_best)]);
    }
  }
  return rows;
}

function showNumbers(app) {
  const at = columnOf(app.method, app.episode);
  app.ui.caption.textContent = `${app.method.name}, ${at ? `after episode ${at}` : "labels as given"}`;
  app.ui.rows.replaceChildren(
    ...rowsOf(app).map(([name, value]) => {
      const row = element("tr");
      const head = element("th", "", name);
      head.scope = "row";
      row.append(head, element("td", "", value));
      return row;
    }),
  );
}
