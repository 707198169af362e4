// What lies over every field: Bayes borders and training points. Drawn once per size into a bitmap, then copied.

function overlayBitmap(app, size, withPoints) {
  const key = `${size}:${withPoints}`;
  if (!app.overlays.has(key)) {
    const bitmap = new OffscreenCanvas(size, size);
    const ctx = bitmap.getContext("2d");
    drawBorders(ctx, app, size);
    if (withPoints) drawPoints(ctx, app, size);
    app.overlays.set(key, bitmap);
  }
  return app.overlays.get(key);
}

function markerRadius(app, size) {
  const crowded = app.scene.yGiven.length > 4000 ? 0.8 : 1;
  return Math.max(1.6 * app.pixelRatio, size / 165) * crowded;
}

function drawBorders(ctx, app, size) {
  for (const [name, dash] of [["bayes", []], ["noisy", [7, 5]]]) {
    if (!app.layers.has(name)) continue;
    for (const [colour, width] of [[css(app.theme.background, 0.75), 5], [css(app.theme.text), 2]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width * app.pixelRatio;
      ctx.setLineDash(width === 2 ? dash.map((v) => v * app.pixelRatio) : []);
      for (const line of app.scene.borders[name]) {
        ctx.beginPath();
        for (let i = 0; i < line.length; i += 2) ctx.lineTo(line[i] * size, (1 - line[i + 1]) * size);
        ctx.stroke();
      }
    }
  }
  ctx.setLineDash([]);
}

function drawPoints(ctx, app, size) {
  const { scene, theme } = app;
  const radius = markerRadius(app, size);
  const fills = theme.classes.map((colour) => css(colour));
  const wrong = app.layers.has("wrong");
  ctx.strokeStyle = css(theme.dark ? theme.background : theme.text, 0.6);
  ctx.lineWidth = 0.6 * app.pixelRatio;
  for (let i = 0; i < app.given.length; i++) {
    const [x, y] = pointAt(app, i, size);
    traceShape(ctx, theme.shapes[app.given[i]], x, y, radius);
    ctx.fillStyle = fills[app.given[i]];
    ctx.fill();
    ctx.stroke();
  }
  for (let i = 0; i < app.given.length; i++) {
    if (wrong && app.given[i] !== scene.yClean[i]) ring(ctx, app, i, size, radius * 1.9, theme.error, 1.4);
    if (app.edited[i]) ring(ctx, app, i, size, radius * 2.8, theme.text, 1.8);
  }
}

function pointAt(app, i, size) {
  return [app.unit[2 * i] * size, (1 - app.unit[2 * i + 1]) * size];
}

function ring(ctx, app, i, size, radius, colour, width) {
  const [x, y] = pointAt(app, i, size);
  for (const [style, extra] of [[css(app.theme.background, 0.8), 1.6], [css(colour), 0]]) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.strokeStyle = style;
    ctx.lineWidth = (width + extra) * app.pixelRatio;
    ctx.stroke();
  }
}

// The panel's upper canvas: overlay, then what moves - highlight, selection, reading point, lasso.
function drawTop(app, panel) {
  const { ctx, canvas } = panel.top;
  const size = canvas.width;
  ctx.clearRect(0, 0, size, size);
  ctx.drawImage(overlayBitmap(app, size, panel.method === "input" || app.layers.has("points")), 0, 0);
  drawHighlight(ctx, app, size);
  const radius = markerRadius(app, size);
  for (const i of app.edit.selection) {
    traceShape(ctx, app.theme.shapes[app.given[i]], ...pointAt(app, i, size), radius * 1.5);
    ctx.fillStyle = css(app.theme.classes[app.given[i]]);
    ctx.fill();
    ring(ctx, app, i, size, radius * 2.2, app.theme.text, 1.6);
  }
  if (app.reading) drawReadingPoint(ctx, app, size);
  if (app.edit.lasso?.panel === panel) drawLasso(ctx, app, size);
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
