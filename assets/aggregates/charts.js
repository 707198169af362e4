// Drawings as SVG, by attributes: the two histograms of all samples, the pair of one sample, and small pairs.

function shape(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const brief = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

// Bars from the left to the right edge, and room for a mark that moves.
function drawHistogram(app, svg, counts, ticks, told) {
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  const [left, right, top, bottom] = [6, width - 6, 8, height - 24];
  const step = (right - left) / counts.length;
  const most = Math.max(...counts, 1);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-label", told);
  const bars = counts.map((count, i) => {
    const tall = count ? Math.max(1.5, ((bottom - top) * count) / most) : 0;
    return shape("rect", { x: left + i * step + 0.5, y: bottom - tall, width: Math.max(step - 1, 1), height: tall, fill: css(app.theme.classes[0]) });
  });
  const base = shape("line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: css(app.theme.muted) });
  const words = { "font-family": app.theme.font, "font-size": 13, fill: css(app.theme.muted) };
  const texts = ticks.map(([at, text]) => {
    const anchor = at < 0.08 ? "start" : at > 0.92 ? "end" : "middle";
    return shape("text", { ...words, x: left + at * (right - left), y: height - 7, "text-anchor": anchor }, text);
  });
  const mark = shape("line", { y1: 0, y2: bottom, stroke: css(app.theme.text), "stroke-width": 2.5 });
  svg.replaceChildren(...bars, base, ...texts, mark);
  return { left, right, step, mark, x: (at) => left + at * (right - left), share: (x) => Math.min(1, Math.max(0, (x - left) / (right - left))) };
}

function drawOverview(app) {
  const { pairs, ui } = app;
  const { counts, top, median, ks, k_counts } = pairs;
  const told = `Histogram of chi-square distances from 0 to ${top.toFixed(3)}, median ${median.toFixed(4)}.`;
  app.distances = drawHistogram(app, ui.distances, counts, [[0, "0"], [median / top, `median ${median.toFixed(4)}`], [1, `${top.toFixed(3)} or more`]].filter(([at], i) => i !== 1 || (at > 0.12 && at < 0.7)), told);
  const middle = ks.length >> 1;
  const ends = [[0.5 / ks.length, `${ks[0]}`], [(middle + 0.5) / ks.length, `${ks[middle]}`], [1 - 0.5 / ks.length, `${ks.at(-1)}`]];
  const favourite = ks[largest(k_counts)];
  app.preferred = drawHistogram(app, ui.preferred, k_counts, ks.length > 2 ? ends : ends.slice(0, 1), `Histogram of the preferred K; most samples prefer ${favourite}.`);
}

// Two bar charts side by side on one scale: softmax, then neighbours. Returns what changes with K and sample.
function pairFrame(app) {
  const { pairs, theme, ui } = app;
  const svg = ui.pair;
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  const n = pairs.classes.length;
  const [top, bottom, gap, edge] = [26, height - 34, 26, 44];
  const wide = (width - edge - gap - 4) / 2;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const group = shape("g", { "font-family": theme.font, "font-size": 13.5, fill: css(theme.muted) });
  for (const share of [0, 0.5, 1]) {
    const y = bottom - share * (bottom - top);
    group.append(shape("line", { x1: edge, x2: width - 4, y1: y, y2: y, stroke: css(theme.faint) }));
    group.append(shape("text", { x: edge - 6, y: y + 5, "text-anchor": "end" }, `${100 * share} %`));
  }
  const sides = [2, 0].map((colour, side) => {
    const left = edge + side * (wide + gap);
    const step = wide / n;
    const title = shape("text", { x: left, y: 15, fill: css(theme.text), "font-size": 14.5, "font-weight": 600 });
    const bars = pairs.classes.map((name, c) => {
      const bar = shape("rect", { x: left + c * step + step * 0.1, width: step * 0.8, fill: css(theme.classes[colour]), stroke: css(theme.text) });
      group.append(bar);
      const most = Math.floor(step / 8);
      if (step >= 9 && (most >= 2 || name.length <= 1)) {
        group.append(shape("text", { x: left + (c + 0.5) * step, y: bottom + 17, "text-anchor": "middle", "font-size": 12.5 }, brief(name, Math.max(most, 1))));
      }
      return bar;
    });
    group.append(title);
    return { title, bars };
  });
  svg.replaceChildren(group);
  return { sides, top, bottom };
}

function showPair(app, softmax, shares) {
  const { frame, pairs, sample } = app;
  const tall = frame.bottom - frame.top;
  [softmax, shares].forEach((values, side) => {
    frame.sides[side].bars.forEach((bar, c) => {
      bar.setAttribute("y", frame.bottom - values[c] * tall);
      bar.setAttribute("height", Math.max(values[c] * tall, 0.5));
      bar.setAttribute("stroke-width", c === pairs.y[sample] ? 2.6 : 0);
    });
  });
  frame.sides[0].title.textContent = "Softmax";
  frame.sides[1].title.textContent = `${app.k} neighbours’ ${app.labels === "given" ? "labels" : "true labels"}`;
}

// A pair as large as a thumb, for the strip.
function smallPair(app, i) {
  const { pairs, theme } = app;
  const svg = shape("svg", { viewBox: "0 0 120 46", "aria-hidden": "true" });
  const sides = [softmaxOf(pairs, i), sharesOf(pairs, i, kOf(app, i), pairs[app.labels])];
  sides.forEach((values, side) => {
    const step = 56 / values.length;
    values.forEach((value, c) => {
      const own = c === pairs.y[i];
      svg.append(shape("rect", { x: side * 64 + c * step + step * 0.08, y: 44 - 42 * value, width: step * 0.84, height: 42 * value, fill: css(theme.classes[side ? 0 : 2]), stroke: css(theme.text), "stroke-width": own ? 1.2 : 0 }));
    });
  });
  return svg;
}

// One picture of a sheet of raw bytes, stretched by the style sheet.
function paint(canvas, bytes, place, [height, width, channels]) {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  const from = place * height * width * channels;
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = bytes[from + i * channels + (channels === 1 ? 0 : c)];
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
