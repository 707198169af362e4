// The chart as SVG: curves and real votes stand still, only the cursor and its marks move while the level is dragged.
// Everything is drawn by attributes, so that the saved picture needs no style sheet.

const MARGIN = { left: 54, right: 90, top: 34, bottom: 50 };
const SAMPLES = 240; // of a curve
const LABEL_GAP = 17;

function shape(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function frameOf(width, height, highest) {
  const area = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const wide = area.right - area.left;
  return {
    ...area,
    width,
    height,
    x: (level) => area.left + (level / highest) * wide,
    y: (accuracy) => area.bottom - accuracy * (area.bottom - area.top),
    level: (x) => Math.min(highest, Math.max(0, ((x - area.left) / wide) * highest)),
  };
}

function drawChart(app) {
  const { chart } = app.ui;
  const [width, height] = [chart.clientWidth, chart.clientHeight];
  if (!width || !height) return;
  app.frame = frameOf(width, height, app.curves.highest);
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  app.cursor = cursorOf(app);
  chart.replaceChildren(axes(app), references(app), lines(app), dots(app), networkDots(app), app.cursor.group);
  alignSlider(app);
}

function axes(app) {
  const { left, right, top, bottom, x, y } = app.frame;
  const { theme, curves } = app;
  const group = shape("g", { "font-family": theme.font, "font-size": 14, fill: css(theme.muted), stroke: "none" });
  const grid = css(theme.faint);
  for (let step = 0; step <= 5; step++) {
    group.append(shape("line", { x1: left, x2: right, y1: y(step / 5), y2: y(step / 5), stroke: grid }));
    group.append(shape("text", { x: left - 8, y: y(step / 5) + 5, "text-anchor": "end" }, `${20 * step} %`));
  }
  const every = (right - left) / (curves.highest / 0.1) < 44 ? 0.2 : 0.1;
  for (let level = 0; level <= curves.highest + 1e-9; level += every) {
    group.append(shape("line", { x1: x(level), x2: x(level), y1: bottom, y2: bottom + 5, stroke: grid }));
    group.append(shape("text", { x: x(level), y: bottom + 20, "text-anchor": "middle" }, level.toFixed(1)));
  }
  group.append(shape("text", { x: (left + right) / 2, y: bottom + 41, "text-anchor": "middle" }, "noise level γ"));
  group.append(shape("text", { x: 2, y: top - 17 }, "accuracy"));
  return group;
}

// What needs no neighbours: chance, the level where the plurality is lost, and 1 - γ for noise with a place.
function references(app) {
  const { left, right, top, bottom, x, y } = app.frame;
  const { curves, theme } = app;
  const ink = css(theme.muted);
  const halo = { stroke: css(theme.background), "stroke-width": 4, "paint-order": "stroke", fill: ink };
  const group = shape("g", { "font-family": theme.font, "font-size": 13.5 });
  const chance = 1 / curves.n_classes;
  group.append(shape("line", { x1: left, x2: right, y1: y(chance), y2: y(chance), stroke: ink, "stroke-width": 1.2, "stroke-dasharray": "2 4" }));
  group.append(shape("text", { x: left + 6, y: y(chance) - 5, ...halo }, "chance"));
  if (curves.breaking !== null && curves.breaking < curves.highest) {
    const at = x(curves.breaking);
    group.append(shape("line", { x1: at, x2: at, y1: top, y2: bottom, stroke: ink, "stroke-width": 1.2, "stroke-dasharray": "2 4" }));
    group.append(shape("text", { x: at, y: top - 9, "text-anchor": "middle", ...halo }, "plurality lost"));
  }
  if (curves.has_place) {
    const level = curves.highest;
    group.append(shape("line", { x1: x(0), x2: x(level), y1: y(1), y2: y(1 - level), stroke: ink, "stroke-width": 2, "stroke-dasharray": "9 5" }));
  }
  return group;
}

function lines(app) {
  const { x, y, right } = app.frame;
  const { curves, theme } = app;
  const group = shape("g", { fill: "none", "stroke-linejoin": "round" });
  curves.ks.forEach((_, i) => {
    const points = Array.from({ length: SAMPLES + 1 }, (_, at) => {
      const level = (at / SAMPLES) * curves.highest;
      return `${x(level).toFixed(2)},${y(chebyshev(curves.coefficients[i], (2 * at) / SAMPLES - 1)).toFixed(2)}`;
    });
    group.append(shape("polyline", { points: points.join(" "), stroke: css(theme.classes[i]), "stroke-width": 2.6 }));
  });
  for (const { name, at } of endLabels(app)) {
    group.append(shape("text", { x: right + 14, y: at + 5, fill: css(theme.text), "font-family": theme.font, "font-size": 14 }, name));
  }
  return group;
}

// Names at the right ends of the lines, pushed apart where the lines end close together.
function endLabels(app) {
  const { top, bottom, y } = app.frame;
  const { curves } = app;
  const labels = accuraciesAt(curves, curves.highest).map((value, i) => ({ name: `K = ${curves.ks[i]}`, at: y(value) }));
  if (curves.has_place) labels.push({ name: "1 − γ", at: y(1 - curves.highest) });
  labels.sort((a, b) => a.at - b.at);
  labels.forEach((label, i) => (label.at = Math.max(label.at, i ? labels[i - 1].at + LABEL_GAP : top)));
  for (let i = labels.length - 1, limit = bottom; i >= 0; i--, limit -= LABEL_GAP) labels[i].at = Math.min(labels[i].at, limit);
  return labels;
}

// Real votes: a mark per K and level, with the spread over the draws of the noise.
function dots(app) {
  const { x, y } = app.frame;
  const { curves, theme } = app;
  const group = shape("g", {});
  app.marks = [];
  curves.levels.forEach((level, l) => {
    if (curves.outside) group.append(hollow(app, x(level), y(curves.outside[l])));
    curves.ks.forEach((_, i) => {
      const [mean, spread] = [curves.mean[l][i], curves.spread[l][i]];
      app.marks.push({ i, l, x: x(level), y: y(mean) });
      const bar = { x1: x(level), x2: x(level), y1: y(mean - spread), y2: y(mean + spread) };
      group.append(shape("line", { ...bar, stroke: css(theme.text, 0.75), "stroke-width": 1.4 }));
      group.append(shapeElement(theme, i, x(level), y(mean), 4.6));
    });
  });
  return group;
}

// Trained networks: a filled diamond for the last epoch, an open one for the best.
function networkDots(app) {
  const { x, y } = app.frame;
  const { curves, theme } = app;
  const group = shape("g", {});
  app.networkMarks = [];
  if (!curves.networks) return group;
  for (const end of ["last", "best"]) {
    const shown = curves.networks.levels.map((level, l) => [level, ...curves.networks[end][l]]).filter(([level]) => level <= curves.highest + 1e-9);
    const points = shown.map(([level, mean]) => `${x(level).toFixed(2)},${y(mean).toFixed(2)}`).join(" ");
    group.append(shape("polyline", { points, fill: "none", stroke: css(theme.text, 0.7), "stroke-width": 1.6, "stroke-dasharray": end === "best" ? "5 4" : "none" }));
    for (const [level, mean, spread] of shown) {
      group.append(shape("line", { x1: x(level), x2: x(level), y1: y(mean - spread), y2: y(mean + spread), stroke: css(theme.text), "stroke-width": 1.8 }));
      group.append(networkMark(app, end, x(level), y(mean)));
      app.networkMarks.push({ end, level, mean, spread, x: x(level), y: y(mean) });
    }
  }
  return group;
}

function networkMark(app, end, cx, cy) {
  const fill = css(end === "last" ? app.theme.text : app.theme.background);
  return shape("rect", { x: cx - 5.5, y: cy - 5.5, width: 11, height: 11, fill, stroke: css(app.theme.text), "stroke-width": 2, transform: `rotate(45 ${cx} ${cy})` });
}

function hollow(app, cx, cy) {
  return shape("circle", { cx, cy, r: 6.5, fill: "none", stroke: css(app.theme.muted), "stroke-width": 1.5 });
}

// A line at the level and, on it, a ring around every curve.
function cursorOf(app) {
  const { theme, frame, curves } = app;
  const group = shape("g", { fill: "none" });
  const bar = shape("line", { y1: frame.top, y2: frame.bottom, stroke: css(theme.text), "stroke-width": 1.6 });
  const rings = curves.ks.map((_, i) => {
    const ring = shape("circle", { r: 5.5, fill: css(theme.background), stroke: css(theme.classes[i]), "stroke-width": 3 });
    return ring;
  });
  group.append(bar, ...rings);
  return { group, rings };
}

function moveCursor(app) {
  const { frame, cursor, values, level } = app;
  cursor.group.setAttribute("transform", `translate(${frame.x(level).toFixed(2)} 0)`);
  cursor.rings.forEach((ring, i) => ring.setAttribute("cy", frame.y(values[i]).toFixed(2)));
}

// The slider's thumb stands right under the cursor.
function alignSlider(app) {
  const half = 13; // of the thumb
  const { left, right } = app.frame;
  app.ui.slider.style.marginLeft = `${left - half}px`;
  app.ui.slider.style.width = `${right - left + 2 * half}px`;
}
