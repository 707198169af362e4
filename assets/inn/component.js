// The entry that Streamlit calls, again after every change of its input: a line of JSON, then the scores.

export default function inn(component) {
  const root = component.parentElement.querySelector(".lab-inn");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const end = component.data.indexOf(10);
  const heading = JSON.parse(new TextDecoder().decode(component.data.subarray(0, end))); // palette, digest, cuts, focus, sample
  takeData(app, heading, component.data.subarray(end + 1));
  retheme(app);
  return () => dispose(app);
}

function createApp(root) {
  const find = (selector) => root.querySelector(selector);
  const app = { root, abort: new AbortController(), memory: {}, sample: -1, focus: 0, set: null, draws: 0, parts: [], tiles: [] };
  app.ui = {
    key: find(".key"), detectors: find(".detectors"), title: find(".below-title"), focus: find(".focus"), select: find("select"),
    all: find(".all"), grid: find(".grid"), setsCaption: find(".sets caption"), setsHead: find(".sets thead"), setsBody: find(".sets tbody"),
    classesHead: find(".classes thead"), classesBody: find(".classes tbody"), live: find(".live"), empty: tag("li", "empty", "None."),
  };
  app.resize = new ResizeObserver(() => redraw(app));
  app.resize.observe(app.ui.detectors);
  const { signal } = app.abort;
  app.ui.select.addEventListener("change", () => { app.focus = app.ui.select.selectedIndex; follow(app); commit(app); }, { signal });
  app.ui.all.addEventListener("click", () => { app.set = null; follow(app); app.ui.select.focus(); }, { signal });
  root.labApp = app;
  root.labHook = {
    get draws() { return app.draws; },
    counts: (d, cut) => countsAt(app.data, d, cut ?? app.cuts[d]),
    missed: () => countsOfMissed(app.data, missedSets(app.data, app.cuts).masks),
    cuts: () => app.cuts,
    setCut: (d, cut) => { setCut(app, d, cut); },
  };
  return app;
}

function dispose(app) {
  app.abort.abort();
  app.resize.disconnect();
  cancelAnimationFrame(app.waiting);
  app.root.labApp = null;
}

function takeData(app, heading, bytes) {
  app.palette = heading.palette;
  if (app.key === heading.key) return;
  app.key = heading.key;
  if (app.digest !== heading.digest) Object.assign(app, { memory: { ...heading.cuts }, digest: heading.digest, sample: heading.sample });
  app.data = readPayload(bytes);
  prepareCounts(app.data);
  const { detectors } = app.data;
  app.cuts = detectors.map((one) => Math.min(one.high, Math.max(one.low, app.memory[one.name] ?? one.cut)));
  app.focus = Math.max(0, detectors.findIndex((one) => one.name === (app.focusName ?? heading.focus)));
  Object.assign(app, { set: null, setsKey: "", tiles: [], themeKey: "" });
  app.ui.grid.replaceChildren();
  buildDetectors(app);
  buildClasses(app);
}

function buildDetectors(app) {
  const { ui, data } = app;
  app.parts = data.detectors.map((one, d) => {
    const [box, title, body, figure, svg, slider, list] = [tag("section", "detector"), tag("h3", "", one.title), tag("div", "body"), tag("div", "figure"), svgNode("svg", { class: "chart", role: "img" }), tag("input", "slider"), tag("dl", "numbers")];
    svg.setAttribute("aria-label", `${one.title}: scores of ${data.n} labels, right ones upwards, wrong ones downwards. The area under the curve is ${one.auroc}.`);
    Object.assign(slider, { type: "range", min: one.low, max: one.high, step: (one.high - one.low) / 1000 });
    slider.setAttribute("aria-label", `Line of ${one.title}`);
    const cells = {};
    for (const [name, text] of NUMBERS) {
      const pair = tag("div");
      cells[name] = tag("dd");
      pair.append(tag("dt", "", text), cells[name]);
      list.append(pair);
    }
    title.append(tag("span", "auc", ` area under the curve ${one.auroc}`));
    figure.append(svg, slider);
    body.append(figure, list);
    box.append(title, body, tag("p", "note", one.note));
    const { signal } = app.abort;
    slider.addEventListener("input", () => setCut(app, d, +slider.value), { signal });
    slider.addEventListener("change", () => commit(app), { signal });
    listenToDrag(app, d, svg, signal);
    return { box, svg, slider, cells };
  });
  ui.detectors.replaceChildren(...app.parts.map((part) => part.box));
  ui.select.replaceChildren(...data.detectors.map((one) => tag("option", "", one.title)));
  ui.select.selectedIndex = app.focus;
}

function listenToDrag(app, d, svg, signal) {
  const move = (event) => {
    const part = app.parts[d];
    const px = ((event.clientX - svg.getBoundingClientRect().left) * part.width) / svg.clientWidth;
    setCut(app, d, part.value(px));
  };
  svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); move(event); }, { signal });
  svg.addEventListener("pointermove", (event) => { if (svg.hasPointerCapture(event.pointerId)) move(event); }, { signal });
  svg.addEventListener("pointerup", () => commit(app), { signal });
}

function setCut(app, d, cut) {
  const { low, high } = app.data.detectors[d];
  app.cuts[d] = +Math.min(high, Math.max(low, cut)).toFixed(4);
  app.focus = d;
  app.set = null;
  app.ui.select.selectedIndex = d;
  app.moved = d;
  app.waiting ||= requestAnimationFrame(() => follow(app));
}

// One frame: the line, the numbers, the pictures, the atlas.
function follow(app) {
  app.waiting = 0;
  if (app.moved !== undefined) {
    moveLine(app, app.moved);
    showCounts(app, app.moved);
    app.moved = undefined;
  }
  showGrid(app);
  showAtlas(app);
  app.draws++;
}

function chooseSet(app, mask) {
  app.set = mask;
  follow(app);
  app.ui.live.textContent = `Showing wrong labels ${nameOfSet(app, mask)}`;
}

function pickSample(app, row) {
  app.sample = row;
  follow(app);
  commit(app);
}

// After a choice, not on every frame: Python and who listens hear of it.
function commit(app) {
  const { detectors } = app.data;
  detectors.forEach((one, d) => (app.memory[one.name] = app.cuts[d]));
  app.focusName = detectors[app.focus].name;
  const counts = countsAt(app.data, app.focus, app.cuts[app.focus]);
  app.ui.live.textContent = `${detectors[app.focus].title} at ${app.cuts[app.focus].toFixed(3)}: ${counts.flagged} called wrong, ${counts.hits} of them truly; precision ${share(counts.precision)}, recall ${share(counts.recall)}.`;
  const state = { digest: app.digest, cuts: app.memory, focus: app.focusName, sample: app.sample };
  const text = JSON.stringify(state);
  if (text === app.told) return;
  app.told = text;
  app.component.setStateValue("state", state);
}

function retheme(app) {
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key === app.themeKey) return;
  app.themeKey = key;
  app.theme = readTheme(app.root, app.palette, 2);
  app.theme.right = app.theme.classes[0];
  app.theme.wrong = app.theme.error;
  app.root.style.setProperty("--wrong", css(app.theme.wrong));
  app.root.style.setProperty("--right", css(app.theme.right));
  app.ui.key.innerHTML = '<span class="patch right"></span> right labels, upwards &emsp;<span class="patch wrong"></span> wrong labels, downwards (bars and curves: by root of the count) &emsp;curves: the two components of the mixture &emsp;drag the line: what lies left of it is called wrong';
  redraw(app);
  app.root.dataset.ready = "true";
}

function redraw(app) {
  if (!app.data || !app.theme || !app.ui.detectors.clientWidth) return;
  app.parts.forEach((_, d) => {
    drawChart(app, d);
    showCounts(app, d);
  });
  follow(app);
}
