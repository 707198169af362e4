// What lies over every field: Bayes borders and training points. Drawn once per size into a bitmap, then copied.

const BORDERS = {
  bayes: { name: "Bayes border", dash: [] },
  noisy: { name: "Bayes border of the noisy labels", dash: [7, 5] },
};

function overlayBitmap(app, size, withPoints) {
  const key = `${size}:${withPoints}`;
  if (!app.overlays.has(key)) {
    const bitmap = new OffscreenCanvas(size, size);
    const ctx = bitmap.getContext("2d");
    if (withPoints) drawPoints(ctx, app, size);
    drawBorders(ctx, app, size);
    app.overlays.set(key, bitmap);
  }
  return app.overlays.get(key);
}

// Points are in the picture where the figure has them: KNET Fig. 2 shows them in panel (a) only.
function hasPoints(app, panel) {
  return panel.method === "input" || (app.state.view === "side" && app.layers.has("points"));
}

// Many points get smaller ones, so that a crowd stays a texture and does not become a blot.
const roomFor = (count) => Math.min(1.3, Math.max(0.62, Math.sqrt(1200 / count)));

function markerRadius(app, size) {
  return Math.max(1.5 * app.pixelRatio, (size / 140) * roomFor(app.given.length));
}

function drawBorders(ctx, app, size) {
  for (const [layer, { dash }] of Object.entries(BORDERS)) {
    if (!app.layers.has(layer)) continue;
    for (const [colour, width] of [[css(app.theme.background, 0.7), 4.5], [css(app.theme.text), 2]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width * app.pixelRatio;
      ctx.setLineDash(width === 2 ? dash.map((v) => v * app.pixelRatio) : []);
      for (const line of app.scene.borders[layer]) {
        ctx.beginPath();
        for (let i = 0; i < line.length; i += 2) ctx.lineTo(line[i] * size, (1 - line[i + 1]) * size);
        ctx.stroke();
      }
    }
  }
  ctx.setLineDash([]);
}

// With "wrong labels" the right ones step back and the wrong ones get a ring.
function drawPoints(ctx, app, size) {
  const { scene, theme } = app;
  const radius = markerRadius(app, size);
  const fills = theme.classes.map((colour) => css(colour));
  const marked = app.layers.has("wrong");
  const isWrong = (i) => app.given[i] !== scene.yClean[i];
  ctx.strokeStyle = css(theme.text, 0.6);
  ctx.lineWidth = 0.6 * app.pixelRatio;
  for (const wrongOnes of [false, true]) {
    ctx.globalAlpha = marked && !wrongOnes ? 0.4 : 1;
    for (let i = 0; i < app.given.length; i++) {
      if (isWrong(i) !== wrongOnes && marked) continue;
      const [x, y] = pointAt(app, i, size);
      traceShape(ctx, theme.shapes[app.given[i]], x, y, radius);
      ctx.fillStyle = fills[app.given[i]];
      ctx.fill();
      ctx.stroke();
    }
    if (!marked) break;
  }
  const wrong = app.given.reduce((count, _, i) => count + isWrong(i), 0);
  const thin = Math.max(0.5, Math.min(1, Math.sqrt(150 / Math.max(1, wrong)))); // hundreds of bold rings would be all one sees
  for (let i = 0; i < app.given.length; i++) {
    if (marked && isWrong(i)) ring(ctx, app, i, size, radius * (1.25 + 0.5 * thin), theme.error, 1.6 * thin);
    if (app.edited[i]) ring(ctx, app, i, size, radius * 2.5, theme.text, 1.4 * roomFor(app.given.length));
  }
}

function pointAt(app, i, size) {
  return [app.unit[2 * i] * size, (1 - app.unit[2 * i + 1]) * size];
}

function ring(ctx, app, i, size, radius, colour, width) {
  ctx.beginPath();
  ctx.arc(...pointAt(app, i, size), radius, 0, 2 * Math.PI);
  ctx.strokeStyle = css(colour);
  ctx.lineWidth = width * app.pixelRatio;
  ctx.stroke();
}

// A whole panel on any canvas: the field, what lies over it, and what moves - highlight, selection, reading point, lasso.
function composePanel(ctx, app, panel, size) {
  ctx.imageSmoothingEnabled = false; // a cell is a cell
  ctx.drawImage(panel.field.canvas, 0, 0, size, size);
  ctx.drawImage(overlayBitmap(app, size, hasPoints(app, panel)), 0, 0);
  drawHighlight(ctx, app, size);
  if (app.state.view === "side" || hasPoints(app, panel)) for (const i of app.edit.selection) drawSelected(ctx, app, i, size);
  if (app.reading) drawReadingPoint(ctx, app, size);
  if (app.edit.lasso?.panel === panel) drawLasso(ctx, app, size);
}

function drawSelected(ctx, app, i, size) {
  const label = app.given[i];
  const radius = markerRadius(app, size) * 1.6;
  traceShape(ctx, app.theme.shapes[label], ...pointAt(app, i, size), radius);
  ctx.fillStyle = css(app.theme.classes[label]);
  ctx.fill();
  ctx.strokeStyle = css(app.theme.text);
  ctx.lineWidth = 0.4 * radius;
  ctx.stroke();
}

function drawHighlight(ctx, app, size) {
  const mark = app.options.highlight;
  if (!mark) return;
  const [x0, x1, y0, y1] = app.scene.extent;
  ctx.beginPath();
  ctx.ellipse(((mark.x - x0) / (x1 - x0)) * size, (1 - (mark.y - y0) / (y1 - y0)) * size, (mark.radius / (x1 - x0)) * size, (mark.radius / (y1 - y0)) * size, 0, 0, 2 * Math.PI);
  strokeWithHalo(ctx, app, 3, [10, 6]);
}

function drawReadingPoint(ctx, app, size) {
  const x = app.reading.u * size;
  const y = (1 - app.reading.v) * size;
  const [inner, outer] = [4 * app.pixelRatio, 10 * app.pixelRatio];
  ctx.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    ctx.moveTo(x + dx * inner, y + dy * inner);
    ctx.lineTo(x + dx * outer, y + dy * outer);
  }
  strokeWithHalo(ctx, app, 2, []);
}

function drawLasso(ctx, app, size) {
  ctx.beginPath();
  for (const [u, v] of app.edit.lasso.path) ctx.lineTo(u * size, (1 - v) * size);
  ctx.closePath();
  ctx.fillStyle = css(app.theme.text, 0.08);
  ctx.fill();
  strokeWithHalo(ctx, app, 1.8, [5, 4]);
}

function strokeWithHalo(ctx, app, width, dash) {
  for (const [style, extra] of [[css(app.theme.background, 0.85), 2.5], [css(app.theme.text), 0]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = (width + extra) * app.pixelRatio;
    ctx.setLineDash(extra ? [] : dash.map((v) => v * app.pixelRatio));
    ctx.stroke();
  }
  ctx.setLineDash([]);
}
