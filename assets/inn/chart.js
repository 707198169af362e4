// One detector: clean labels upwards, wrong ones downwards, the mixture's two components, and the line that is dragged.

const BINS = 60;
const HEIGHT = 132;
const PAD = { left: 10, right: 10, top: 14, bottom: 20 };
const SVG = "http://www.w3.org/2000/svg";

function svgNode(name, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

function binned(data, d) {
  const { low, high } = data.detectors[d];
  const [right, wrong] = [new Uint32Array(BINS), new Uint32Array(BINS)];
  data.scores[d].forEach((score, i) => {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((BINS * (score - low)) / (high - low))));
    (data.wrong[i] ? wrong : right)[bin]++;
  });
  return { right, wrong };
}

// Everything but the line, which alone moves.
function drawChart(app, d) {
  const { data, theme } = app;
  const part = app.parts[d];
  const { low, high, mixture } = data.detectors[d];
  const width = Math.max(240, part.svg.clientWidth);
  const x = (value) => PAD.left + ((value - low) / (high - low)) * (width - PAD.left - PAD.right);
  const middle = PAD.top + (HEIGHT - PAD.top - PAD.bottom) * 0.6;
  const { right, wrong } = binned(data, d);
  const upper = middle - PAD.top;
  const lower = HEIGHT - PAD.bottom - middle;
  // one scale for both, by roots: a pile of scores near an end would flatten all the rest
  const most = Math.max(1, ...right, ...wrong.map((count) => count * (upper / lower) ** 2));
  const size = (count) => upper * Math.sqrt(Math.min(1, count / most));
  const step = (width - PAD.left - PAD.right) / BINS;
  const bars = [];
  for (let b = 0; b < BINS; b++) {
    const left = PAD.left + b * step;
    const bar = { x: left + 0.5, width: Math.max(0.5, step - 1) };
    if (right[b]) bars.push(svgNode("rect", { ...bar, y: middle - size(right[b]), height: size(right[b]), fill: css(theme.right) }));
    if (wrong[b]) bars.push(svgNode("rect", { ...bar, y: middle, height: Math.min(lower, size(wrong[b])), fill: `url(#hatch${d})`, stroke: css(theme.wrong), "stroke-width": 0.8 }));
  }
  const perBin = (data.n * (high - low)) / BINS;
  const curve = (density, sign) => mixture.at.map((at, i) => `${x(at).toFixed(1)},${(middle - sign * Math.min(sign > 0 ? upper : lower, size(density[i] * perBin))).toFixed(1)}`).join(" ");
  const curves = mixture ? [[mixture.clean, 1], [mixture.wrong, -1]].map(([density, sign]) => svgNode("polyline", { points: curve(density, sign), fill: "none", stroke: css(theme.text), "stroke-width": 1.5, "stroke-dasharray": sign > 0 ? "" : "4 3" })) : [];
  const marks = [];
  for (const { at, name } of data.detectors[d].marks) {
    if (at < low || at > high) continue;
    marks.push(svgNode("line", { x1: x(at), x2: x(at), y1: PAD.top - 2, y2: HEIGHT - PAD.bottom, stroke: css(theme.muted), "stroke-dasharray": "2 3" }));
    marks.push(svgNode("text", { x: x(at) > width - 90 ? x(at) - 4 : x(at) + 4, y: PAD.top - 3, "font-size": 12, fill: css(theme.muted), "text-anchor": x(at) > width - 90 ? "end" : "start" }, name));
  }
  const axis = [svgNode("line", { x1: PAD.left, x2: width - PAD.right, y1: middle, y2: middle, stroke: css(theme.muted) })];
  for (let i = 0; i <= 4; i++) {
    const value = low + ((high - low) * i) / 4;
    const anchor = i === 0 ? "start" : i === 4 ? "end" : "middle";
    axis.push(svgNode("text", { x: x(value), y: HEIGHT - 5, "font-size": 12, "text-anchor": anchor, fill: css(theme.muted) }, short(value)));
  }
  const tint = svgNode("rect", { x: PAD.left, y: PAD.top, height: HEIGHT - PAD.top - PAD.bottom, fill: css(theme.wrong, 0.09) });
  const line = svgNode("line", { y1: PAD.top - 4, y2: HEIGHT - PAD.bottom + 4, stroke: css(theme.text), "stroke-width": 2.5 });
  const knob = svgNode("circle", { r: 6, cy: middle, fill: css(theme.background), stroke: css(theme.text), "stroke-width": 2.5 });
  part.svg.replaceChildren(hatch(theme, d), tint, ...bars, ...curves, ...marks, ...axis, line, knob);
  part.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  Object.assign(part, { x, tint, line, knob, width, value: (px) => low + ((px - PAD.left) / (width - PAD.left - PAD.right)) * (high - low) });
  moveLine(app, d);
}

function hatch(theme, d) {
  const pattern = svgNode("pattern", { id: `hatch${d}`, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(svgNode("rect", { width: 4, height: 4, fill: css(theme.wrong, 0.35) }), svgNode("line", { x1: 0, x2: 0, y1: 0, y2: 4, stroke: css(theme.wrong), "stroke-width": 2.4 }));
  const defs = svgNode("defs");
  defs.append(pattern);
  return defs;
}

function moveLine(app, d) {
  const part = app.parts[d];
  if (!part.x) return;
  const at = Math.min(part.width - PAD.right, Math.max(PAD.left, part.x(app.cuts[d])));
  part.line.setAttribute("x1", at);
  part.line.setAttribute("x2", at);
  part.knob.setAttribute("cx", at);
  part.tint.setAttribute("width", at - PAD.left);
}

function short(value) {
  return Math.abs(value) < 10 ? String(+value.toFixed(2)) : value.toFixed(0);
}
