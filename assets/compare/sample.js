// One row: its picture, what each method says of it, the shares of the classes, and its neighbours.

const MOST_BARS = 12; // classes; of more, those that matter for this row

const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text; // never innerHTML: names come from uploads
  return node;
}

// The same text is left alone, a new one goes into the text node there is.
function setText(node, text) {
  if (node.textContent === text) return;
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
}

// One picture of a section; null where rows are no images.
function draw(canvas, board, section, at) {
  const pixels = board.found[section];
  canvas.hidden = !pixels;
  if (!pixels) return;
  const [h, w, channels] = board.picture;
  [canvas.width, canvas.height] = [w, h];
  const image = new ImageData(w, h);
  for (let i = 0; i < h * w; i++) {
    const from = (at * h * w + i) * channels;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[from + (channels === 1 ? 0 : c)];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// What does not move with k: once per row.
function buildSample(app) {
  const { ui, board } = app;
  draw(ui.own, board, "pictures.own", 0);
  ui.own.setAttribute("role", "img");
  ui.own.setAttribute("aria-label", `${board.rows} ${board.row}, of class ${board.classes[board.true]}`);
  setText(ui.rowsName, board.rows[0].toUpperCase() + board.rows.slice(1));
  ui.row.max = board.m - 1;
  ui.row.value = board.row;
  app.answers = {};
  ui.answers.replaceChildren(
    ...["true class", "network", "kNN", "kNet"].map((name) => {
      const line = element("div");
      app.answers[name] = element("dd");
      line.append(element("dt", "", name), app.answers[name]);
      return line;
    }),
  );
  setText(app.answers["true class"], board.classes[board.true]);
  say(app, "network", board.network);
  buildBars(app);
  buildNeighbours(app);
}

const verdict = (board, label) => `${board.classes[label]} ${label === board.true ? "✓" : "✗"}`;

function say(app, name, label) {
  const node = app.answers[name];
  setText(node, verdict(app.board, label));
  node.classList.toggle("wrong", label !== app.board.true);
}

function buildBars(app) {
  const { ui, board } = app;
  const weight = sharesAt(board, board.k_max).map((share, c) => share + board.found.softmax[c] + knetAt(board, board.k_max)[c]);
  const order = [...board.classes.keys()];
  const shown = new Set(order.toSorted((a, b) => weight[b] - weight[a]).slice(0, MOST_BARS));
  app.bars = order.filter((c) => shown.has(c)).map((c) => barOf(app, c));
  const head = element("div", "bar-row bar-head");
  head.append(element("span", "", "class"), element("span"), ...["network", "kNN", "kNet"].map((name) => element("span", "number", name)));
  ui.bars.replaceChildren(head, ...app.bars.map((bar) => bar.node));
  app.bars.forEach((bar) => setBar(bar, 0, board.found.softmax[bar.c]));
}

function barOf(app, c) {
  const node = element("div", "bar-row");
  const name = element("span", "bar-name", app.board.classes[c] + (c === app.board.true ? " (true)" : ""));
  const lanes = element("span", "bar-lanes");
  const fills = ["softmax", "knn", "knet"].map((kind) => element("span", `fill ${kind}`));
  fills.forEach((fill) => {
    const lane = element("span", "lane");
    lane.append(fill);
    lanes.append(lane);
  });
  const numbers = fills.map(() => element("span", "number"));
  node.append(name, lanes, ...numbers);
  return { c, node, fills, numbers };
}

function setBar(bar, i, share) {
  bar.fills[i].style.transform = `scaleX(${share.toFixed(4)})`;
  setText(bar.numbers[i], percent(share, 0));
}

const TICK = 10;

function buildNeighbours(app) {
  const { ui, board, theme } = app;
  const { given, clean, ids, distances } = board.found;
  ui.strip.setAttribute("viewBox", `0 0 ${board.k_max * TICK} 26`);
  const ticks = Array.from(given, (label, i) => {
    const same = label === board.true;
    const ink = css(theme.classes[KNN]);
    const look = { fill: same ? ink : css(theme.background), stroke: ink, "stroke-width": 1.2 };
    return shape("rect", { x: i * TICK + 1.5, y: same ? 3 : 9, width: TICK - 3, height: same ? 19 : 13, ...look });
  });
  app.veil = shape("rect", { y: 0, height: 26, fill: css(theme.background, 0.78) });
  app.edge = shape("line", { y1: 0, y2: 26, stroke: css(theme.text), "stroke-width": 2 });
  ui.strip.replaceChildren(...ticks, app.veil, app.edge);
  app.cards = Array.from(distances, (distance, i) => {
    const card = element("li", given[i] === clean[i] ? "" : "mislabelled");
    const picture = element("canvas");
    draw(picture, board, "pictures.near", i);
    picture.setAttribute("aria-hidden", "true");
    const label = given[i] === clean[i] ? board.classes[given[i]] : `${board.classes[given[i]]}, really ${board.classes[clean[i]]}`;
    card.append(picture, element("span", "card-label", label), element("span", "card-more", `${distance.toPrecision(3)} · row ${ids[i]}`));
    return card;
  });
  ui.cards.replaceChildren(...app.cards);
}

// What moves with k.
function showSample(app) {
  const { board, k, ui } = app;
  const [shares, probs] = [sharesAt(board, k), knetAt(board, k)];
  app.shares = shares;
  app.probs = probs;
  app.bars.forEach((bar) => {
    setBar(bar, 1, shares[bar.c]);
    setBar(bar, 2, probs[bar.c]);
  });
  say(app, "kNN", board.found["said.knn"][k - 1]);
  say(app, "kNet", board.found["said.knet"][k - 1]);
  app.veil.setAttribute("x", k * TICK);
  app.veil.setAttribute("width", (board.k_max - k) * TICK);
  app.edge.setAttribute("x1", k * TICK);
  app.edge.setAttribute("x2", k * TICK);
  app.cards.forEach((card, i) => card.classList.toggle("votes", i < k));
  const votes = Math.round(shares[board.true] * k);
  setText(ui.stripWords, `${votes} of the ${k} nearest carry the true class, ${board.classes[board.true]} (tall, filled). Faded ones have no vote at this k.`);
}
