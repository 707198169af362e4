// Reading one point: pointer or keyboard, its picture and numbers beside it, and the words for a screen reader.

const REACH = 14; // a point counts as meant when the pointer is this near, in CSS pixels

// Where the pointer is, in units of the map.
function placeOf({ plane, view }, event) {
  const box = plane.getBoundingClientRect();
  const share = (value) => Math.min(1, Math.max(0, value));
  return [
    view.u + share((event.clientX - box.left) / box.width) * view.size,
    view.v + (1 - share((event.clientY - box.top) / box.height)) * view.size,
  ];
}

function nearestRow({ uv, plane, view }, u, v, reach = REACH) {
  let best = ((reach / plane.clientWidth) * view.size) ** 2;
  let found = -1;
  for (let i = 0; 2 * i < uv.length; i++) {
    const distance = (uv[2 * i] - u) ** 2 + (uv[2 * i + 1] - v) ** 2;
    if (distance < best) [best, found] = [distance, i];
  }
  return found;
}

function read(app, reading, { aloud = false } = {}) {
  if (!reading && !app.reading) return;
  if (!aloud && reading && reading.row === app.reading?.row && reading.panel === app.reading.panel) return;
  app.reading = reading;
  schedule(app, "top");
  const { tip } = app.ui;
  tip.hidden = !reading;
  if (!reading) return;
  fillTip(app, reading.row);
  placeTip(app, reading);
  if (aloud) say(app, tip.innerText.replace(/\s*\n+\s*/g, ", "));
}

const idOf = ({ ids }, row) => (ids ? ids[row] : row);

function fillTip(app, row) {
  const { points, pictures } = app;
  const rows = [element("div", "tip-title", `Point ${idOf(points, row)}`)];
  if (pictures && pictures.crowd === points.crowd) rows.push(pictureOf(pictures, row));
  for (const { name, y } of points.labels) {
    const line = element("div", "tip-line", `${name}: `);
    line.append(swatch(app, y[row]), points.classes[y[row]]);
    rows.push(line);
  }
  for (const score of points.scores) rows.push(element("div", "tip-line", `${score.name}: ${scoreWords(score, row)}`));
  points.rings.forEach(({ name }, kind) => {
    if ((points.ringBits[row] >> kind) & 1) rows.push(element("div", "tip-line", `circled: ${name}`));
  });
  app.ui.tip.replaceChildren(...rows);
}

function scoreWords({ levels, low, high }, row) {
  return levels[row] === 65535 ? "none" : short(low + (levels[row] / 65534) * (high - low));
}

function pictureOf({ sheet, width, height, columns }, row) {
  const canvas = element("canvas", "tip-picture");
  const scale = Math.max(1, Math.floor(96 / Math.max(width, height)));
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const ctx = canvas.getContext("2d");
  ctx.imageSmoothingEnabled = false; // a pixel is a pixel
  ctx.drawImage(sheet, (row % columns) * width, Math.floor(row / columns) * height, width, height, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function placeTip(app, { panel, row }) {
  const { tip } = app.ui;
  const [root, plane] = [app.root, panel.plane].map((node) => node.getBoundingClientRect());
  const [px, py] = pixelOf(panel, row).map((value) => value / app.pixelRatio);
  const [x, y] = [plane.left - root.left + px, plane.top - root.top + py];
  const left = x + 18 + tip.offsetWidth < root.width ? x + 18 : Math.max(0, x - 18 - tip.offsetWidth);
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(0, y - tip.offsetHeight / 2))}px)`;
}

// Keyboard: from point to point, about 24 pixels at a time, 96 with Shift.
function walk(app, panel, event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!step || !app.points.n) return false;
  const { uv, view } = panel;
  const from = app.reading?.row ?? nearestRow(panel, ...middleOf(view), Infinity);
  const stride = ((event.shiftKey ? 96 : 24) / panel.plane.clientWidth) * view.size;
  read(app, { panel, row: app.reading ? neighbourTowards(uv, view, from, step, stride) : from }, { aloud: true });
  return true;
}

// The seen point that lies in the direction, at most 45 degrees off, and is nearest to where one stride would lead.
function neighbourTowards(uv, view, from, [dx, dy], stride) {
  const [u, v] = [uv[2 * from], uv[2 * from + 1]];
  let [best, found] = [Infinity, from];
  for (let i = 0; 2 * i < uv.length; i++) {
    const along = (uv[2 * i] - u) * dx + (uv[2 * i + 1] - v) * dy;
    const across = Math.abs((uv[2 * i] - u) * dy) + Math.abs((uv[2 * i + 1] - v) * dx);
    if (along <= stride / 20 || across > along || !isSeen(uv, view, i)) continue;
    const distance = (along - stride) ** 2 + across ** 2;
    if (distance < best) [best, found] = [distance, i];
  }
  return found;
}

function say(app, text) {
  clearTimeout(app.saying);
  app.saying = setTimeout(() => (app.ui.live.textContent = text), 250);
}

// After a choice, not on every frame of a lasso: what the bars show, as words.
function saySelection(app) {
  const words = tallyWords(app);
  app.ui.bars.setAttribute("aria-label", words);
  say(app, words);
  for (const [index, { plane }] of app.panels.entries()) {
    const keys = "Arrow keys go from point to point, Enter selects, Shift and Enter adds, Escape clears, plus, minus and 0 zoom.";
    plane.setAttribute("aria-label", `${app.options.maps[index].title}: ${number(app.points.n)} points, ${number(app.count)} selected. ${keys}`);
  }
}

function tallyWords(app) {
  const { points, tally } = app;
  const parts = points.labels.map(({ name }, k) => `${name}: ${mostOf(points.classes, tally.classes[k])}`);
  points.rings.forEach(({ name }, kind) => parts.push(`${name}: ${number(tally.circled[kind])}`));
  return `${statusWords(app)}. ${parts.join("; ")}`;
}

function mostOf(classes, counts) {
  const order = [...counts.keys()].filter((c) => counts[c]).sort((a, b) => counts[b] - counts[a]);
  const named = order.slice(0, 3).map((c) => `${classes[c]} ${number(counts[c])}`);
  return named.join(", ") + (order.length > 3 ? `, ${order.length - 3} other classes` : "");
}
