// What stands in words, numbers and pictures beside the charts, and follows the lines.

const SHOWN = 24;
const MOST_SETS = 9;
const share = (value) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(1)} %`);

function tag(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== "") node.textContent = text;
  return node;
}

const NUMBERS = [["cut", "Line at"], ["flagged", "Called wrong"], ["hits", "Truly wrong"], ["precision", "Precision"], ["recall", "Recall"], ["f1", "F1"]];

function showCounts(app, d) {
  const counts = countsAt(app.data, d, app.cuts[d]);
  const said = {
    cut: app.cuts[d].toFixed(3),
    flagged: String(counts.flagged),
    hits: `${counts.hits} of ${app.data.wrongRows.length}`,
    precision: share(counts.precision),
    recall: share(counts.recall),
    f1: share(counts.f1),
  };
  for (const [name, cell] of Object.entries(app.parts[d].cells)) if (cell.textContent !== said[name]) cell.textContent = said[name];
  const slider = app.parts[d].slider;
  slider.value = app.cuts[d];
  slider.setAttribute("aria-valuetext", `${said.cut}: ${said.flagged} called wrong, precision ${said.precision}, recall ${said.recall}`);
}

// The samples right below the line of the detector in focus, or those of a set of the atlas.
function shownRows(app) {
  const { data } = app;
  if (app.set !== null) {
    const { masks } = missedSets(data, app.cuts);
    return data.wrongRows.filter((_, i) => masks[i] === app.set).slice(0, SHOWN);
  }
  const order = data.order[app.focus];
  const below = countBelow(data, app.focus, app.cuts[app.focus]);
  return Array.from(order.subarray(Math.max(0, below - SHOWN), below)).reverse();
}

function showGrid(app) {
  const { data, ui } = app;
  const rows = shownRows(app);
  const title = app.set === null ? "Just below the line" : `Wrong labels ${nameOfSet(app, app.set)}`;
  if (ui.title.textContent !== title) ui.title.textContent = title;
  ui.all.hidden = app.set === null;
  ui.focus.hidden = app.set !== null;
  rows.forEach((row, i) => {
    const cell = (app.tiles[i] ??= newTile(app));
    if (cell.row !== row) fillTile(app, cell, row);
    cell.item.hidden = false;
    cell.button.setAttribute("aria-pressed", row === app.sample);
  });
  app.tiles.forEach((cell, i) => (cell.item.hidden = i >= rows.length));
  ui.empty.hidden = rows.length > 0;
  if (data.n && !ui.empty.parentElement) ui.grid.append(ui.empty);
}

function newTile(app) {
  const [item, button, canvas, caption] = [tag("li"), tag("button"), tag("canvas"), tag("span")];
  button.type = "button";
  const { picture } = app.data.head;
  canvas.width = picture.width || 1;
  canvas.height = picture.height || 1;
  canvas.hidden = !picture.count;
  button.append(canvas, caption);
  item.append(button);
  app.ui.grid.append(item);
  const cell = { item, button, canvas, caption, row: -1 };
  button.addEventListener("click", () => pickSample(app, cell.row));
  return cell;
}

function fillTile(app, cell, row) {
  const { data } = app;
  const { classes, picture } = data.head;
  cell.row = row;
  const [given, clean] = [classes[data.given[row]], classes[data.clean[row]]];
  cell.caption.textContent = data.wrong[row] ? `${given}, truly ${clean}` : `${given}, right`;
  cell.button.className = data.wrong[row] ? "tile wrong" : "tile";
  cell.button.setAttribute("aria-label", `Sample ${row}, given ${given}, truly ${clean}: look closer`);
  const place = data.pictureOf.get(row);
  const context = cell.canvas.getContext("2d");
  context.clearRect(0, 0, picture.width, picture.height);
  if (place === undefined) return;
  const image = context.createImageData(picture.width, picture.height);
  const size = picture.width * picture.height;
  for (let p = 0; p < size; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = data.pixels[(place * size + p) * picture.channels + (picture.channels === 1 ? 0 : c)];
    image.data[4 * p + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function nameOfSet(app, mask) {
  if (mask === 0) return "caught by all";
  const names = app.data.detectors.filter((_, d) => (mask >> d) & 1).map((one) => one.title);
  return names.length === app.data.detectors.length ? "missed by all" : `missed by ${names.join(" and ")} alone`;
}

function showAtlas(app) {
  const { data, ui } = app;
  const { masks, sizes } = missedSets(data, app.cuts);
  const sets = [...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, MOST_SETS);
  const most = Math.max(1, ...sets.map(([, size]) => size));
  const rest = data.wrongRows.length - sets.reduce((sum, [, size]) => sum + size, 0);
  ui.setsCaption.textContent = `${data.wrongRows.length} wrong labels; a column is the set of detectors that miss them together${rest ? `; ${rest} more in smaller sets` : ""}. Press a number to see the samples.`;
  const key = sets.map(([mask]) => mask).join(" ");
  if (key !== app.setsKey) buildSets(app, sets, key);
  sets.forEach(([, size], i) => {
    app.setHeads[i].number.textContent = size;
    app.setHeads[i].bar.style.height = `${Math.round((46 * size) / most)}px`;
  });
  const missed = countsOfMissed(data, masks);
  app.setTotals.forEach((cell, d) => (cell.textContent = missed[d]));
  missedByClass(data, masks).forEach((of, c) => {
    app.classCells[c].errors.textContent = of.errors;
    of.missed.forEach((count, d) => {
      const cell = app.classCells[c].missed[d];
      const part = of.errors ? count / of.errors : 0;
      cell.textContent = of.errors ? `${count} (${(100 * part).toFixed(0)} %)` : "–";
      cell.style.setProperty("--part", part.toFixed(2));
    });
  });
}

function countsOfMissed(data, masks) {
  const missed = data.detectors.map(() => 0);
  for (const mask of masks) for (let d = 0; d < missed.length; d++) missed[d] += (mask >> d) & 1;
  return missed;
}

function buildSets(app, sets, key) {
  app.setsKey = key;
  const head = tag("tr");
  head.append(tag("th", "", "Missed by"));
  app.setHeads = sets.map(([mask]) => {
    const [cell, button, bar, number] = [tag("th"), tag("button"), tag("span", "set-bar"), tag("span")];
    button.type = "button";
    button.title = nameOfSet(app, mask);
    button.setAttribute("aria-label", `Show the labels ${nameOfSet(app, mask)}`);
    button.append(bar, number);
    button.addEventListener("click", () => chooseSet(app, mask));
    cell.scope = "col";
    cell.append(button);
    head.append(cell);
    return { bar, number };
  });
  head.append(tag("th", "", "All"));
  app.setTotals = [];
  const rows = app.data.detectors.map((one, d) => {
    const row = tag("tr");
    const name = tag("th", "", one.title);
    name.scope = "row";
    const total = tag("td", "total");
    app.setTotals.push(total);
    const dots = sets.map(([mask]) => {
      const missed = (mask >> d) & 1;
      const cell = tag("td", missed ? "dot" : "no-dot", missed ? "●" : "·");
      cell.setAttribute("aria-label", missed ? "missed" : "caught");
      return cell;
    });
    row.append(name, ...dots, total);
    return row;
  });
  app.ui.setsHead.replaceChildren(head);
  app.ui.setsBody.replaceChildren(...rows);
}

function buildClasses(app) {
  const { data, ui } = app;
  const head = tag("tr");
  head.append(...["True class", "Wrong labels", ...data.detectors.map((one) => one.title)].map((text) => tag("th", "", text)));
  ui.classesHead.replaceChildren(head);
  app.classCells = data.head.classes.map(() => ({ errors: tag("td"), missed: data.detectors.map(() => tag("td", "part")) }));
  ui.classesBody.replaceChildren(
    ...data.head.classes.map((name, c) => {
      const row = tag("tr");
      const title = tag("th", "", name);
      title.scope = "row";
      row.append(title, app.classCells[c].errors, ...app.classCells[c].missed);
      return row;
    }),
  );
}
