// The measure against k: kNN and kNet as lines, fixed kNets as diamonds, network and Bayes as levels; a cursor at k.

const SERIES = [
  { id: "knn", name: "kNN", colour: "text", dash: [], width: 2.6 },
  { id: "knet", name: "kNet", colour: "accent", dash: [9, 4], width: 2.6 },
  { id: "fixed", name: "fixed kNet", colour: "accent", marker: "diamond" },
  { id: "network", name: "network", colour: "muted", dash: [2, 4], width: 2.2 },
  { id: "bayes", name: "Bayes rule", colour: "text", dash: [14, 4, 2, 4], width: 1.4 },
];

function seriesValues(app, id) {
  const { [id]: values } = app.scene.curves[app.state.curve];
  if (id === "fixed") return values.map(([k, value]) => [k, value]);
  if (Array.isArray(values)) return values.map((value, i) => [i + 1, value]);
  return values === null ? [] : [[1, values], [app.scene.kMax, values]];
}

const drawnSeries = (app) => SERIES.filter(({ id }) => seriesValues(app, id).length);

// Geometry in CSS pixels of the canvas.
function chartFrame(app, width, height) {
  const all = drawnSeries(app).flatMap(({ id }) => seriesValues(app, id).map(([, value]) => value));
  const step = Math.max(...all) - Math.min(...all) > 0.25 ? 0.1 : Math.max(...all) - Math.min(...all) > 0.1 ? 0.05 : 0.02;
  const low = Math.floor(Math.min(...all) / step + 1e-9) * step;
  const high = Math.max(low + step, Math.min(1, Math.ceil(Math.max(...all) / step - 1e-9) * step));
  const area = { left: 58, right: width - 96, top: 12, bottom: height - 44 };
  const { kMax } = app.scene;
  return {
    ...area,
    low,
    high,
    step,
    x: (k) => area.left + ((k - 1) / Math.max(1, kMax - 1)) * (area.right - area.left),
    y: (value) => area.bottom - ((value - low) / (high - low)) * (area.bottom - area.top),
    k: (x) => Math.round(1 + ((x - area.left) / (area.right - area.left)) * (kMax - 1)),
  };
}

// Draws all of the chart but the cursor.
function drawChart(app) {
  const { chart } = app.ui;
  const [width, height] = [chart.clientWidth, chart.clientHeight];
  if (!width || !height) return;
  chart.width = Math.round(width * app.pixelRatio);
  chart.height = Math.round(height * app.pixelRatio);
  app.chart = chartFrame(app, width, height);
  app.ui.cursor.style.setProperty("--top", `${app.chart.top - 4}px`);
  app.ui.cursor.style.setProperty("--height", `${app.chart.bottom - app.chart.top + 4}px`);
  const ctx = chart.getContext("2d", { alpha: false });
  ctx.fillStyle = css(app.theme.background);
  ctx.fillRect(0, 0, chart.width, chart.height);
  ctx.scale(app.pixelRatio, app.pixelRatio);
  drawAxes(ctx, app);
  for (const series of drawnSeries(app)) drawSeries(ctx, app, series);
  drawEndLabels(ctx, app);
}

function drawAxes(ctx, app) {
  const { left, right, bottom, low, high, step, x, y } = app.chart;
  ctx.font = `14px ${app.theme.font}`;
  ctx.fillStyle = css(app.theme.muted);
  ctx.strokeStyle = css(app.theme.faint);
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (let value = low; value <= high + 1e-9; value += step) {
    line(ctx, left, y(value), right, y(value));
    ctx.fillText(`${Math.round(100 * value)} %`, left - 8, y(value));
  }
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const { kMax } = app.scene;
  const every = right - left < 420 ? 25 : 10;
  const ticks = [1];
  for (let k = every; k <= kMax; k += every) ticks.push(k);
  for (const k of ticks) {
    line(ctx, x(k), bottom, x(k), bottom + 4);
    ctx.fillText(k, x(k), bottom + 7);
  }
  ctx.fillText("k, number of neighbours", (left + right) / 2, bottom + 25);
}

function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

function drawSeries(ctx, app, { id, colour, dash, width, marker }) {
  const { x, y } = app.chart;
  ctx.strokeStyle = ctx.fillStyle = css(app.theme[colour]);
  if (marker) {
    for (const [k, value] of seriesValues(app, id)) {
      traceShape(ctx, marker, x(k), y(value), 5.5);
      ctx.fillStyle = css(app.theme.background);
      ctx.fill();
      ctx.lineWidth = 2.2;
      ctx.stroke();
    }
    return;
  }
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  for (const [k, value] of seriesValues(app, id)) ctx.lineTo(x(k), y(value));
  ctx.stroke();
  ctx.setLineDash([]);
}

// Names at the right end of the lines, pushed apart where the lines end close together.
function drawEndLabels(ctx, app) {
  const { right, top, bottom, y } = app.chart;
  const labels = drawnSeries(app)
    .filter(({ marker }) => !marker)
    .map((series) => ({ ...series, at: y(seriesValues(app, series.id).at(-1)[1]) }))
    .sort((a, b) => a.at - b.at);
  labels.forEach((label, i) => (label.at = Math.max(label.at, i ? labels[i - 1].at + 18 : top)));
  for (let i = labels.length - 1, limit = bottom; i >= 0; i--, limit -= 18) labels[i].at = Math.min(labels[i].at, limit);
  ctx.font = `600 14px ${app.theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const { name, colour, at } of labels) {
    ctx.fillStyle = css(app.theme[colour]);
    ctx.fillText(name, right + 10, at);
  }
}

// Where the cursor stands and each curve's dot on it: [[colour, x, y], ...].
function cursorDots(app) {
  return drawnSeries(app)
    .filter(({ marker }) => !marker)
    .map(({ id, colour }) => [colour, app.chart.x(app.state.k), app.chart.y(measureOf(app.scene, app.state.curve, id, app.state.k))]);
}

// The curves stand still while k is dragged: only these few elements move, by transform, which costs no painting.
function moveCursor(app) {
  if (!app.chart) return;
  const { cursor } = app.ui;
  const dots = cursorDots(app);
  while (cursor.children.length < dots.length + 1) cursor.append(element("i", "dot"));
  const [bar, ...marks] = cursor.children;
  bar.style.transform = `translateX(${app.chart.x(app.state.k)}px)`;
  marks.forEach((mark, i) => {
    mark.hidden = !dots[i];
    if (!dots[i]) return;
    const [colour, x, y] = dots[i];
    mark.style.backgroundColor = css(app.theme[colour]);
    mark.style.transform = `translate(${x}px, ${y}px)`;
  });
  showNumbers(app);
}

function buildNumbers(app) {
  app.numbers = new Map();
  const entries = drawnSeries(app).map((series) => {
    const entry = element("div", "number");
    const cell = element("dd");
    const value = stillIn(cell);
    const term = element("dt");
    const name = element("span", "", series.name);
    term.append(lineSample(app, series), name);
    entry.append(term, cell);
    app.numbers.set(series.id, { value, name });
    return entry;
  });
  app.ui.numbers.replaceChildren(...entries);
}

function lineSample(app, { colour, dash, width, marker }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 30 10");
  svg.setAttribute("class", "line-sample");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", marker ? "M15 1L19 5L15 9L11 5Z" : "M0 5H30");
  path.setAttribute("fill", "none");
  path.setAttribute("stroke", css(app.theme[colour]));
  path.setAttribute("stroke-width", width ?? 2);
  if (dash?.length) path.setAttribute("stroke-dasharray", dash.join(" "));
  svg.append(path);
  return svg;
}

function showNumbers(app) {
  const { scene, state } = app;
  for (const [id, { value, name }] of app.numbers) {
    setText(value, percent(measureOf(scene, state.curve, id, state.k)));
    if (id === "fixed") setText(name, methodTitle(scene, "fixed", state.k));
  }
}

function listenToChart(app, signal) {
  const { chart } = app.ui;
  const follow = (event) => setK(app, app.chart.k(event.clientX - chart.getBoundingClientRect().left));
  chart.addEventListener("pointerdown", (event) => {
    chart.setPointerCapture(event.pointerId);
    follow(event);
  }, { signal });
  chart.addEventListener("pointermove", (event) => chart.hasPointerCapture(event.pointerId) && follow(event), { signal });
  chart.addEventListener("pointerup", () => commit(app), { signal });
}
