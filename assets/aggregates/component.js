// The entry that Streamlit calls, again after every change of its input: a line of JSON, then the samples.

const N_NEAR = 12; // neighbours that are shown
const N_STRIP = 6;

export default function pairs(component) {
  const root = component.parentElement.querySelector(".lab-pairs");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const end = component.data.indexOf(10);
  const heading = JSON.parse(new TextDecoder().decode(component.data.subarray(0, end))); // palette, identity, row
  takePairs(app, heading, component.data.subarray(end + 1));
  retheme(app);
  return () => dispose(app);
}

function createApp(root) {
  const names = ["distances", "preferred", "order", "among", "before", "sample", "after", "place", "own", "says", "pair",
    "k", "k-value", "follow", "labels", "given", "true", "half", "sum", "near-title", "near", "strip", "live", "n-compared"];
  const ui = Object.fromEntries(names.map((name) => [name, root.querySelector(`.${name}`)]));
  const app = { root, ui, abort: new AbortController(), draws: 0, follow: true, k: 1, labels: "given", at: 0 };
  app.resize = new ResizeObserver(() => redraw(app));
  app.resize.observe(root);
  listen(app, app.abort.signal);
  root.labApp = app;
  root.labHook = testHook(app);
  return app;
}

function dispose(app) {
  app.abort.abort();
  app.resize.disconnect();
  cancelAnimationFrame(app.waiting);
  clearTimeout(app.committing);
  app.root.labApp = null;
}

// The same samples again leave everything where the person put it.
function takePairs(app, heading, bytes) {
  app.palette = heading.palette;
  if (app.identity === heading.identity) return;
  app.identity = heading.identity;
  app.pairs = readPairs(bytes);
  app.themeKey = "";
  app.ui.k.max = app.pairs.k_max;
  app.ui.labels.hidden = app.pairs.given.every((y, row) => y === app.pairs.clean[row]); // nothing to choose
  app.ui["n-compared"].textContent = app.pairs.n_compared.toLocaleString("en");
  fillAmong(app);
  sort(app, app.pairs.rows.indexOf(heading.row));
}

function fillAmong(app) {
  const { pairs, ui } = app;
  const kept = ui.among.value;
  const places = pairs.inside ? [["clean", "outside the noisy places"], ["noisy", "inside the noisy places"]] : [];
  const choices = [["all", "all"], ["wrong", "wrongly answered"], ...places, ...pairs.classes.map((name, c) => [String(c), `true class ${name}`])];
  ui.among.replaceChildren(...choices.map(([value, text]) => {
    const option = element("option", "", text);
    option.value = value;
    return option;
  }));
  if (choices.some(([value]) => value === kept)) ui.among.value = kept;
}

// Sort and filter; the sample stays if it is still among them.
function sort(app, sample = app.sample) {
  const { pairs, ui } = app;
  app.list = orderedSamples(pairs, ui.order.value, ui.among.value);
  app.at = Math.max(0, app.list.indexOf(sample));
  ui.sample.max = Math.max(0, app.list.length - 1);
  ui.sample.disabled = !app.list.length;
}

function retheme(app) {
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key === app.themeKey) return;
  app.themeKey = key;
  app.theme = readTheme(app.root, app.palette, 8);
  redraw(app);
  tell(app);
  app.root.dataset.ready = "true";
}

function redraw(app) {
  if (!app.theme || !app.ui.pair.clientWidth) return;
  drawOverview(app);
  app.frame = pairFrame(app);
  show(app);
}

// Whatever changes asks for a frame; one frame draws the latest.
function schedule(app) {
  app.waiting ??= requestAnimationFrame(() => {
    app.waiting = null;
    show(app);
  });
}

function kOf(app, i) {
  return app.follow ? app.pairs.preferred[i] : Math.min(app.fixedK ?? app.k, app.pairs.k_max);
}

function show(app) {
  const { pairs, ui, list } = app;
  ui.place.textContent = list.length ? `${app.at + 1} of ${list.length}` : "none";
  ui.sample.value = app.at;
  app.draws++;
  if (!list.length) return;
  app.sample = list[app.at];
  app.k = kOf(app, app.sample);
  const softmax = softmaxOf(pairs, app.sample);
  const shares = sharesOf(pairs, app.sample, app.k, pairs[app.labels]);
  app.values = { softmax: [...softmax], shares: [...shares], half: chiSquare(softmax, shares) };
  showPair(app, softmax, shares);
  showNumbers(app);
  showPictures(app);
  ui.strip.replaceChildren(...list.slice(app.at + 1, app.at + 1 + N_STRIP).map((i, j) => stripButton(app, i, app.at + 1 + j)));
}

function showNumbers(app) {
  const { pairs, ui, sample, values } = app;
  const answered = largest(values.softmax);
  const right = answered === pairs.y[sample];
  ui.k.value = app.k;
  ui["k-value"].textContent = app.k;
  ui.half.textContent = values.half.toFixed(4);
  ui.sum.textContent = (2 * values.half).toFixed(4);
  ui.follow.setAttribute("aria-pressed", app.follow);
  ui.given.setAttribute("aria-pressed", app.labels === "given");
  ui.true.setAttribute("aria-pressed", app.labels === "clean");
  const where = pairs.inside ? (pairs.inside[sample] ? ", inside a noisy place" : ", outside the noisy places") : "";
  ui.says.textContent = `Row ${pairs.rows[sample]}: true class ${pairs.classes[pairs.y[sample]]}, answered ${pairs.classes[answered]} (${percent(values.softmax[answered])})${right ? "" : ", wrongly"}${where}.`;
  const mark = (frame, at) => {
    frame.mark.setAttribute("x1", frame.x(at));
    frame.mark.setAttribute("x2", frame.x(at));
  };
  mark(app.distances, Math.min(1, pairs.distance[sample] / pairs.top));
  const place = pairs.ks.indexOf(pairs.preferred[sample]);
  mark(app.preferred, (place + 0.5) / pairs.ks.length);
}

function showPictures(app) {
  const { pairs, ui, sample } = app;
  ui.own.hidden = !pairs.picture;
  if (pairs.picture) {
    paint(ui.own, pairs.pictures, sample, pairs.picture);
    ui.own.setAttribute("aria-label", `Row ${pairs.rows[sample]}`);
  }
  const shown = Math.min(N_NEAR, app.k);
  const rows = pairs.idx.subarray(sample * pairs.k_max, sample * pairs.k_max + shown);
  const wrong = rows.reduce((count, row) => count + (pairs.given[row] !== pairs.clean[row]), 0);
  ui["near-title"].textContent = `Its ${shown} nearest training rows${wrong ? `, wrong labels dashed: ${wrong}` : ""}.`;
  ui.near.replaceChildren(...[...rows].map((row) => neighbour(app, row)));
}

function neighbour(app, row) {
  const { pairs } = app;
  const item = element("li", pairs.given[row] !== pairs.clean[row] ? "wrong" : "");
  if (pairs.picture && pairs.nearPlace.has(row)) {
    const canvas = element("canvas");
    paint(canvas, pairs.nearPictures, pairs.nearPlace.get(row), pairs.picture);
    canvas.setAttribute("aria-hidden", "true");
    item.append(canvas);
  }
  const given = pairs.classes[pairs.given[row]];
  const text = pairs.given[row] === pairs.clean[row] ? given : `${given}, in truth ${pairs.classes[pairs.clean[row]]}`;
  item.append(element("span", "", pairs.picture ? text : `row ${pairs.trainRows[row]}: ${text}`));
  return item;
}

function stripButton(app, i, at) {
  const { pairs } = app;
  const button = element("button");
  button.type = "button";
  button.append(smallPair(app, i), element("span", "", `${pairs.classes[pairs.y[i]]}: ${pairs.distance[i].toFixed(4)}`));
  button.setAttribute("aria-label", `Look at row ${pairs.rows[i]}, true class ${pairs.classes[pairs.y[i]]}, distance ${pairs.distance[i].toFixed(4)}`);
  button.addEventListener("click", () => choose(app, at));
  return button;
}

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text; // never innerHTML: names come from uploads
  return node;
}

function choose(app, at, last = true) {
  app.at = Math.min(app.list.length - 1, Math.max(0, at));
  schedule(app);
  if (last) commit(app);
}

// The sample whose distance is nearest to a place on the histogram, wherever it stands in the order.
function chooseByDistance(app, event, last) {
  const box = app.ui.distances.getBoundingClientRect();
  const wanted = app.distances.share(event.clientX - box.left) * app.pairs.top;
  const off = (i) => Math.abs(app.pairs.distance[i] - wanted);
  const best = app.list.reduce((best, i, at) => (off(i) < off(app.list[best]) ? at : best), 0);
  if (app.list.length) choose(app, best, last);
}

function listen(app, signal) {
  const { ui } = app;
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal });
  on(ui.sample, "input", () => choose(app, ui.sample.valueAsNumber, false));
  on(ui.sample, "change", () => commit(app));
  on(ui.before, "click", () => choose(app, app.at - 1));
  on(ui.after, "click", () => choose(app, app.at + 1));
  for (const select of [ui.order, ui.among]) {
    on(select, "change", () => {
      sort(app, select === ui.order ? -1 : app.sample);
      schedule(app);
      commit(app);
    });
  }
  on(ui.distances, "pointerdown", (event) => {
    ui.distances.setPointerCapture(event.pointerId);
    chooseByDistance(app, event, false);
  });
  on(ui.distances, "pointermove", (event) => ui.distances.hasPointerCapture(event.pointerId) && chooseByDistance(app, event, false));
  on(ui.distances, "pointerup", () => commit(app));
  on(ui.preferred, "click", (event) => {
    const share = app.preferred.share(event.clientX - ui.preferred.getBoundingClientRect().left);
    fixK(app, app.pairs.ks[Math.min(app.pairs.ks.length - 1, Math.floor(share * app.pairs.ks.length))]);
  });
  on(ui.k, "input", () => fixK(app, ui.k.valueAsNumber));
  on(ui.k, "change", () => tell(app));
  on(ui.follow, "click", () => {
    app.follow = true;
    schedule(app);
  });
  for (const [name, labels] of [["given", "given"], ["true", "clean"]]) {
    on(ui[name], "click", () => {
      app.labels = labels;
      schedule(app);
    });
  }
}

function fixK(app, k) {
  app.follow = false;
  app.fixedK = k;
  schedule(app);
}

// Tells Python, after the last change only.
function commit(app) {
  clearTimeout(app.committing);
  app.committing = setTimeout(() => {
    if (!app.list.length) return;
    app.component.setStateValue("row", app.pairs.rows[app.list[app.at]]);
    tell(app);
  }, 120);
}

// After a choice, not on every frame of a drag: the numbers for who does not see them.
function tell(app) {
  const { pairs, ui, values } = app;
  if (!values) return;
  const top = (shares) => `${pairs.classes[largest(shares)]} ${percent(shares[largest(shares)])}`;
  ui.live.textContent = `${ui.says.textContent} Neighbours K = ${app.k}: ${top(values.shares)}. Chi-square ${values.half.toFixed(4)}.`;
  ui.pair.setAttribute("aria-label", `Softmax: ${top(values.softmax)}; ${app.k} neighbours: ${top(values.shares)}.`);
}

function testHook(app) {
  return {
    get sample() { return app.sample; },
    get row() { return app.pairs.rows[app.sample]; },
    get k() { return app.k; },
    get draws() { return app.draws; },
    get values() { return app.values; },
    get count() { return app.list.length; },
    at: (i, k, labels) => ({ shares: [...sharesOf(app.pairs, i, k, app.pairs[labels])], half: chiSquare(softmaxOf(app.pairs, i), sharesOf(app.pairs, i, k, app.pairs[labels])) }),
  };
}
