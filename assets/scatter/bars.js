// The live histograms: a row for each class, a column for each kind of label, and one for the mean softmax. On a canvas,
// because they are drawn in every frame of a lasso.

const BARS = { row: 23, head: 28, most: 20, gap: 24, narrow: 560 };

// On a telephone two columns stand side by side, the others below them.
function barsLayout(app, width) {
  const columns = app.points.labels.length + (app.points.probs ? 1 : 0);
  const across = width < BARS.narrow ? Math.min(2, columns) : columns;
  const block = BARS.head + BARS.row * Math.min(BARS.most, app.points.classes.length) + 8;
  return { across, block, height: block * Math.ceil(columns / across) };
}

function sizeBars(app) {
  const { bars } = app.ui;
  const { height } = barsLayout(app, bars.clientWidth);
  bars.style.height = `${height}px`;
  const [width, tall] = [Math.round(bars.clientWidth * app.pixelRatio), Math.round(height * app.pixelRatio)];
  if (bars.width !== width || bars.height !== tall) Object.assign(bars, { width, height: tall });
}

function barColumns({ points, tally }) {
  const columns = points.labels.map(({ name }, k) => ({ title: name, values: tally.classes[k], words: number }));
  if (tally.sums) columns.push({ title: "mean softmax", values: meanSoftmax(tally), words: (share) => `${(100 * share).toFixed(1)} %` });
  return columns;
}

// All classes, or the most frequent ones if they are many.
function barRows({ points, tally }) {
  const rows = [...points.classes.keys()];
  if (rows.length <= BARS.most) return rows;
  const frequency = (c) => tally.classes.reduce((sum, counts) => sum + counts[c], 0);
  return rows.sort((a, b) => frequency(b) - frequency(a)).slice(0, BARS.most);
}

function paintBars(app) {
  const { bars } = app.ui;
  const ctx = bars.getContext("2d");
  ctx.setTransform(app.pixelRatio, 0, 0, app.pixelRatio, 0, 0);
  const width = bars.width / app.pixelRatio;
  ctx.clearRect(0, 0, width, bars.height);
  drawBars(ctx, app, width);
}

function drawBars(ctx, app, width) {
  const { theme, points } = app;
  const rows = barRows(app);
  const { across, block } = barsLayout(app, width);
  const names = Math.min(150, width * 0.3);
  const each = (width - names) / across;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.font = `14px ${theme.font}`;
  barColumns(app).forEach((column, k) => {
    const y = block * Math.floor(k / across);
    if (k % across === 0) rows.forEach((c, r) => drawClassName(ctx, app, points.classes[c], c, y + BARS.head + (r + 0.5) * BARS.row, names));
    drawColumn(ctx, theme, column, rows, names + (k % across) * each, y, each);
  });
}

function drawClassName(ctx, { theme }, name, c, y, width) {
  traceShape(ctx, theme.shapes[c], 9, y, 6);
  ctx.fillStyle = css(theme.classes[c]);
  ctx.fill();
  ctx.strokeStyle = css(theme.text, 0.7);
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.fillStyle = css(theme.text);
  ctx.fillText(fitted(ctx, name, width - 30), 22, y);
}

function drawColumn(ctx, theme, { title, values, words }, rows, x, top, width) {
  ctx.fillStyle = css(theme.muted);
  ctx.fillText(fitted(ctx, title, width - 4), x, top + BARS.head / 2 - 2);
  const most = Math.max(...values) || 1;
  const room = Math.max(8, width - BARS.gap - ctx.measureText(words(most)).width);
  ctx.lineWidth = 1;
  ctx.strokeStyle = css(theme.text, 0.45);
  rows.forEach((c, r) => {
    const y = top + BARS.head + r * BARS.row;
    const length = (values[c] / most) * room;
    if (values[c]) {
      ctx.fillStyle = css(theme.classes[c]);
      ctx.fillRect(x, y + 4, length, BARS.row - 8);
      ctx.strokeRect(x + 0.5, y + 4.5, Math.max(0, length - 1), BARS.row - 9);
    }
    ctx.fillStyle = css(values[c] ? theme.text : theme.muted);
    ctx.fillText(words(values[c]), x + length + 5, y + BARS.row / 2 + 0.5);
  });
  ctx.fillStyle = css(theme.text, 0.35);
  ctx.fillRect(x - 1, top + BARS.head, 1, rows.length * BARS.row);
}

// The text, cut so that it fits.
function fitted(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && ctx.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}
