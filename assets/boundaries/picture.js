// "Save picture": the panels with their captions, and the chart, composed on one canvas and downloaded as PNG.

const PICTURE = { panel: 480, gap: 24, caption: 44, chart: 300 };

function drawPicture(app) {
  const { panel: size, gap, caption, chart } = PICTURE;
  const columns = app.state.view === "side" ? 3 : 4;
  const rows = Math.ceil(app.panels.length / columns);
  const width = columns * (size + gap) + gap;
  const height = gap + rows * (size + caption + gap) + chart + 2 * gap;
  const canvas = element("canvas");
  Object.assign(canvas, { width, height });
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = css(app.theme.background);
  ctx.fillRect(0, 0, width, height);
  app.panels.forEach((panel, i) => {
    drawPanelPicture(ctx, app, panel, gap + (i % columns) * (size + gap), gap + Math.floor(i / columns) * (size + caption + gap));
  });
  drawLegend(ctx, app, gap, height - chart - gap);
  drawChartPicture(ctx, app, gap, height - chart);
  return canvas;
}

function drawChartPicture(ctx, app, x, y) {
  const { clientWidth, clientHeight } = app.ui.chart;
  if (!clientWidth) return;
  const share = Math.min((ctx.canvas.width - 2 * PICTURE.gap) / clientWidth, PICTURE.chart / clientHeight);
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(share, share);
  ctx.drawImage(app.ui.chart, 0, 0, clientWidth, clientHeight);
  ctx.strokeStyle = css(app.theme.text, 0.6);
  const at = app.chart.x(app.state.k);
  line(ctx, at, app.chart.top, at, app.chart.bottom);
  for (const [colour, dotX, dotY] of cursorDots(app)) {
    traceShape(ctx, "circle", dotX, dotY, 4.5);
    ctx.fillStyle = css(app.theme[colour]);
    ctx.fill();
  }
  ctx.restore();
}

function drawPanelPicture(ctx, app, panel, x, y) {
  const { panel: size, caption } = PICTURE;
  const title = panel.letter + methodTitle(app.scene, panel.method, panelK(app, panel));
  ctx.fillStyle = css(app.theme.text);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.font = `600 22px ${app.theme.font}`;
  ctx.fillText(title, x, y + caption / 2);
  ctx.textAlign = "right";
  ctx.font = `20px ${app.theme.font}`;
  ctx.fillText(panel.number.textContent, x + size, y + caption / 2);
  const square = new OffscreenCanvas(size, size);
  composePanel(square.getContext("2d"), app, panel, size);
  ctx.drawImage(square, x, y + caption);
  ctx.strokeStyle = css(app.theme.faint);
  ctx.strokeRect(x, y + caption, size, size);
}

function drawLegend(ctx, app, x, y) {
  ctx.font = `18px ${app.theme.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  app.scene.classes.forEach((name, c) => {
    traceShape(ctx, app.theme.shapes[c], x + 8, y, 8);
    ctx.fillStyle = css(app.theme.classes[c]);
    ctx.fill();
    ctx.strokeStyle = css(app.theme.text, 0.7);
    ctx.stroke();
    ctx.fillStyle = css(app.theme.text);
    ctx.fillText(name, x + 24, y);
    x += 48 + ctx.measureText(name).width;
  });
  for (const [layer, { name, dash }] of Object.entries(BORDERS)) {
    if (!app.layers.has(layer)) continue;
    ctx.strokeStyle = css(app.theme.text);
    ctx.lineWidth = 2;
    ctx.setLineDash(dash);
    line(ctx, x, y, x + 36, y);
    ctx.setLineDash([]);
    ctx.fillText(name, x + 46, y);
    x += 72 + ctx.measureText(name).width;
  }
}

function savePicture(app) {
  drawPicture(app).toBlob((blob) => {
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = `boundaries-${app.state.view}-k${app.state.k}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
