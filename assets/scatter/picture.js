// "Save picture": the maps with their titles, the colours and the circles, on one canvas, downloaded as PNG.

const PICTURE = { map: 560, gap: 24, caption: 58, row: 30 };

function drawPicture(app) {
  const { map, gap, caption } = PICTURE;
  const width = app.panels.length * (map + gap) + gap;
  const canvas = element("canvas");
  const keyHeight = drawKey(canvas.getContext("2d"), app, gap, 0, width - gap); // measured on an empty canvas
  Object.assign(canvas, { width, height: gap + caption + map + gap + keyHeight });
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = css(app.theme.background);
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  app.panels.forEach((panel, index) => drawMapPicture(ctx, app, panel, gap + index * (map + gap), gap));
  drawKey(ctx, app, gap, gap + caption + map + gap, width - gap);
  return canvas;
}

function drawMapPicture(ctx, app, panel, x, y) {
  const { map, caption } = PICTURE;
  const { title, note } = app.options.maps[panel.index];
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = css(app.theme.text);
  ctx.font = `600 20px ${app.theme.font}`;
  ctx.fillText(fitted(ctx, title, map), x, y + 12);
  ctx.font = `15px ${app.theme.font}`;
  ctx.fillText(fitted(ctx, note, map), x, y + 38);
  ctx.globalAlpha = app.count ? DIMMED : 1;
  ctx.drawImage(panel.base.canvas, x, y + caption, map, map);
  ctx.globalAlpha = 1;
  ctx.drawImage(panel.chosen.canvas, x, y + caption, map, map);
  ctx.strokeStyle = css(app.theme.faint);
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, y + caption + 0.5, map - 1, map - 1);
}

// Classes or the ends of the score, then the circles, wrapped; returns the height it takes.
function drawKey(ctx, app, left, top, right) {
  const { theme, points } = app;
  const chosen = colouring(app);
  const entries = chosen.y
    ? points.classes.map((name, c) => ({ name, look: { shape: theme.shapes[c], colour: theme.classes[c] } }))
    : [[chosen.low, 0], [chosen.high, 1]].map(([value, share]) => ({ name: `${chosen.name} ${short(value)}`, look: { shape: "circle", colour: rampColour(theme.ramp, share) } }));
  points.rings.forEach(({ name, total }, kind) => {
    if ((app.ringsShown >> kind) & 1) entries.push({ name: `${name}: ${number(total)}`, kind });
  });
  ctx.font = `16px ${theme.font}`;
  ctx.textBaseline = "middle";
  let [x, y] = [left, top + PICTURE.row / 2];
  for (const entry of entries) {
    const width = 46 + ctx.measureText(entry.name).width;
    if (x > left && x + width > right) [x, y] = [left, y + PICTURE.row];
    drawEntry(ctx, theme, entry, x, y);
    x += width;
  }
  return y + PICTURE.row / 2 - top;
}

function drawEntry(ctx, theme, { name, look, kind }, x, y) {
  if (look) {
    traceShape(ctx, look.shape, x + 8, y, 7);
    ctx.fillStyle = css(look.colour);
    ctx.fill();
    ctx.strokeStyle = css(theme.text, 0.7);
    ctx.lineWidth = 1;
    ctx.stroke();
  } else {
    ctx.save();
    ctx.translate(x + 8, y);
    traceRing(ctx, theme, kind, 7.5, 2);
    ctx.restore();
  }
  ctx.fillStyle = css(theme.text);
  ctx.fillText(name, x + 24, y);
}

function savePicture(app) {
  drawPicture(app).toBlob((blob) => {
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = `map-${colouring(app).name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
