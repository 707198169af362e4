// The live histograms: a row for each class, a column for each kind of label, and one for the mean softmax. On a canvas,
// because they are drawn in every frame of a lasso.

const BARS = { row: 23, title: 17, most: 20, gap: 24, narrow: 560, names: 150 };

// On a telephone two columns stand side by side, the others below them. A title has as many lines as it needs.
function barsLayout(app, width) {
  const { points, theme } = app;
  const ctx = app.ui.bars.getContext("2d");
  ctx.font = `14px ${theme.font}`;
  const titles = points.labels.map(({ name }) => name).concat(points.probs ? ["mean softmax"] : []);
  const across = width < BARS.narrow ? Math.min(2, titles.length) : titles.length;
  const longest = Math.max(...points.classes.map((name) => ctx.measureText(name).width));
  const names = Math.min(BARS.names, width * 0.3, 40 + longest);
  const each = (width - names) / across;
  const lines = titles.map((title) => wrapped(ctx, title, each - 8));
  const head = 11 + BARS.title * Math.max(...lines.map(({ length }) => length));
  const block = head + BARS.row * Math.min(BARS.most, points.classes.length) + 8;
  return { across, names, each, lines, head, block, height: block * Math.ceil(titles.length / across) };
}

// The words of a text in lines; one that is too long is cut.
function wrapped(ctx, text, width) {
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && ctx.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(fitted(ctx, word, width));
  }
  return lines;
}

function sizeBars(app) {
  const { bars } = app.ui;
  const { height } = barsLayout(app, bars.clientWidth);
  bars.style.height = `${height}px`;
  const [width, tall] = [Math.round(bars.clientWidth * app.pixelRatio), Math.round(height * app.pixelRatio)];
  if (bars.width !== width || bars.height !== tall) Object.assign(bars, { width, height: tall });
}

function barColumns({ points, tally }) {
  const columns = points.labels.map((label, k) => ({ values: tally.classes[k], words: number }));
  if (tally.sums) columns.push({ values: meanSoftmax(tally), words: (share) => `${(100 * share).toFixed(1)} %` });
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
  const { across, names, each, lines, head, block } = barsLayout(app, width);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.font = `14px ${theme.font}`;
  barColumns(app).forEach((column, k) => {
    const y = block * Math.floor(k / across);
    if (k % across === 0) rows.forEach((c, r) => drawClassName(ctx, app, points.classes[c], c, y + head + (r + 0.5) * BARS.row, names));
    drawTitle(ctx, theme, lines[k], names + (k % across) * each, y + head);
    drawColumn(ctx, theme, column, rows, names + (k % across) * each, y + head, each);
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

// Its last line stands right above the bars.
function drawTitle(ctx, theme, lines, x, bottom) {
  ctx.fillStyle = css(theme.muted);
  lines.forEach((line, i) => ctx.fillText(line, x, bottom - 15 - BARS.title * (lines.length - 1 - i)));
}

function drawColumn(ctx, theme, { values, words }, rows, x, top, width) {
  const most = Math.max(...values) || 1;
  const room = Math.max(8, width - BARS.gap - ctx.measureText(words(most)).width);
  ctx.lineWidth = 1;
  ctx.strokeStyle = css(theme.text, 0.45);
  rows.forEach((c, r) => {
    const y = top + r * BARS.row;
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
  ctx.fillRect(x - 1, top, 1, rows.length * BARS.row);
}

// The text, cut so that it fits.
function fitted(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && ctx.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}
