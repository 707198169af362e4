// Accuracy against k as SVG: the curves stand still, only the cursor moves. Drawn by attributes, so that the saved picture
// needs no style sheet.

const MARGIN = { left: 58, right: 18, top: 20, bottom: 46 };
const [KNN, KNET, FIXED] = [0, 1, 2]; // places in the palette

function shape(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function frameOf(board, width, height) {
  const area = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const { network, knn, knet, fixed } = board.accuracy;
  const all = [network, ...knn, ...knet, ...Object.values(fixed)];
  const [lowest, highest] = [Math.min(...all), Math.max(...all)];
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((size) => (highest - lowest) / size <= 6) ?? 0.25;
  const low = Math.max(0, Math.floor(lowest / step - 0.2) * step);
  const high = Math.min(1, Math.ceil(highest / step + 0.2) * step);
  const wide = area.right - area.left;
  const last = Math.max(2, board.k_max);
  return {
    ...area,
    width,
    height,
    low,
    high,
    step,
    x: (k) => area.left + ((k - 1) / (last - 1)) * wide,
    y: (accuracy) => area.bottom - ((accuracy - low) / (high - low)) * (area.bottom - area.top),
    k: (x) => Math.round(1 + ((x - area.left) / wide) * (last - 1)),
  };
}

function drawChart(app) {
  const { chart } = app.ui;
  const [width, height] = [chart.clientWidth, chart.clientHeight];
  if (!width || !height) return;
  app.frame = frameOf(app.board, width, height);
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  app.cursor = cursorOf(app);
  chart.replaceChildren(axes(app), lines(app), app.cursor.group);
  const half = 13; // of the slider's thumb, which stands right under the cursor
  app.ui.slider.style.marginLeft = `${app.frame.left - half}px`;
  app.ui.slider.style.width = `${app.frame.right - app.frame.left + 2 * half}px`;
}

function axes(app) {
  const { left, right, top, bottom, low, high, step, x, y } = app.frame;
  const { theme, board } = app;
  const group = shape("g", { "font-family": theme.font, "font-size": 14, fill: css(theme.muted), stroke: "none" });
  const grid = css(theme.faint);
  for (let value = low; value <= high + 1e-9; value += step) {
    group.append(shape("line", { x1: left, x2: right, y1: y(value), y2: y(value), stroke: grid }));
    group.append(shape("text", { x: left - 8, y: y(value) + 5, "text-anchor": "end" }, `${(100 * value).toFixed(0)} %`));
  }
  const every = board.k_max > 40 ? 10 : board.k_max > 12 ? 5 : 1;
  for (const k of [1, ...Array.from({ length: Math.floor((board.k_max - 1) / every) }, (_, i) => 1 + (i + 1) * every)]) {
    group.append(shape("line", { x1: x(k), x2: x(k), y1: bottom, y2: bottom + 5, stroke: grid }));
    if (right - left > 420 || (k - 1) % (2 * every) === 0) {
      group.append(shape("text", { x: x(k), y: bottom + 20, "text-anchor": "middle" }, k));
    }
  }
  group.append(shape("text", { x: (left + right) / 2, y: bottom + 40, "text-anchor": "middle" }, "number of neighbours k"));
  return group;
}

function lines(app) {
  const { left, right, x, y } = app.frame;
  const { board, theme } = app;
  const { network, knn, knet, fixed } = board.accuracy;
  const group = shape("g", { fill: "none", "stroke-linejoin": "round", "stroke-width": 2.6 });
  const at = { y1: y(network), y2: y(network) };
  group.append(shape("line", { x1: left, x2: right, ...at, stroke: css(theme.text), "stroke-width": 2, "stroke-dasharray": "8 5" }));
  const curve = (values, place, dash) => {
    const points = values.map((value, i) => `${x(i + 1).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    group.append(shape("polyline", { points, stroke: css(theme.classes[place]), "stroke-dasharray": dash }));
  };
  curve(knn, KNN, "");
  curve(knet, KNET, "12 3");
  for (const [k, value] of Object.entries(fixed)) group.append(shapeElement(theme, FIXED, x(Number(k)), y(value), 7));
  return group;
}

// A line at k and, on it, a ring around both curves.
function cursorOf(app) {
  const { theme, frame } = app;
  const group = shape("g", { fill: "none" });
  const bar = shape("line", { y1: frame.top, y2: frame.bottom, stroke: css(theme.text), "stroke-width": 1.6 });
  const rings = [KNN, KNET].map((place) =>
    shape("circle", { r: 5.5, fill: css(theme.background), stroke: css(theme.classes[place]), "stroke-width": 3 }),
  );
  group.append(bar, ...rings);
  return { group, rings };
}

function moveCursor(app) {
  const { frame, cursor, board, k } = app;
  cursor.group.setAttribute("transform", `translate(${frame.x(k).toFixed(2)} 0)`);
  const { knn, knet } = board.accuracy;
  [knn, knet].forEach((values, i) => cursor.rings[i].setAttribute("cy", frame.y(values[k - 1]).toFixed(2)));
}

// The chart as a file of its own, on the page's background.
function savePicture(app) {
  const { width, height } = app.frame;
  const copy = app.ui.chart.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `0 -28 ${width} ${height + 28}`);
  const words = `${app.board.what}; k = ${app.k}: ${app.told}`;
  copy.prepend(
    shape("rect", { x: 0, y: -28, width, height: height + 28, fill: css(app.theme.background) }),
    shape("text", { x: 8, y: -8, fill: css(app.theme.text), "font-family": app.theme.font, "font-size": 13 }, words),
  );
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  link.download = `knn-or-knet-k${app.k}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
