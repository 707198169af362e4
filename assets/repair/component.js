// The entry that Streamlit calls, again after every change of its input: a line of JSON, then the replay.

export default function repair(component) {
  const root = component.parentElement.querySelector(".lab-repair");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const text = new TextDecoder().decode(component.data);
  const end = text.indexOf("\n");
  takeReplay(app, JSON.parse(text.slice(0, end)), text.slice(end + 1));
  return () => dispose(app);
}

function createApp(root) {
  const one = (selector) => root.querySelector(selector);
  const ui = Object.fromEntries(["what", "methods", "play", "slider", "episode", "flow", "curves", "legend", "counts", "live"].map((name) => [name, one(`.${name}`)]));
  Object.assign(ui, { rows: one(".values tbody"), caption: one(".values caption") });
  const app = { root, ui, abort: new AbortController(), episode: 0, draws: 0 };
  app.resize = new ResizeObserver(() => redraw(app));
  app.resize.observe(ui.flow);
  const on = (node, type, handler) => node.addEventListener(type, handler, { signal: app.abort.signal });
  on(ui.slider, "input", () => setEpisode(app, ui.slider.valueAsNumber));
  on(ui.slider, "change", () => commit(app));
  on(ui.play, "click", () => (app.playing ? stop(app) : play(app)));
  root.labApp = app;
  root.labHook = {
    get episode() { return app.episode; },
    get draws() { return app.draws; },
    get method() { return app.method.name; },
    rows: () => rowsOf(app),
  };
  return app;
}

function dispose(app) {
  stop(app);
  app.abort.abort();
  app.resize.disconnect();
  clearTimeout(app.committing);
  app.root.labApp = null;
}

// Where the person has not chosen yet, method and episode follow Python: methods may be finished one by one.
function takeReplay(app, heading, text) {
  app.palette = heading.palette;
  if (app.text !== text) {
    app.text = text;
    app.replay = readReplay(text);
    app.most = Math.max(1, ...app.replay.methods.map((method) => method.columns.length - 1));
    const called = (name) => app.replay.methods.find((method) => method.name === name);
    const kept = app.chosen && called(app.method.name);
    app.method = kept || called(heading.method) || app.replay.methods[0];
    app.episode = Math.min(app.most, kept ? app.episode : heading.episode);
    app.ui.slider.max = app.most;
    app.ui.slider.valueAsNumber = app.episode;
    app.ui.what.textContent = app.replay.what;
    buildMethods(app);
    app.themeKey = "";
  }
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key === app.themeKey) return;
  app.themeKey = key;
  app.theme = readTheme(app.root, app.palette, 8);
  buildLegend(app);
  redraw(app);
  app.root.dataset.ready = "true";
}

function buildMethods(app) {
  const buttons = app.replay.methods.map((method) => {
    const button = element("button", "", method.name);
    button.type = "button";
    button.setAttribute("role", "radio");
    button.onclick = () => {
      app.method = method;
      redraw(app);
      commit(app);
    };
    return button;
  });
  app.ui.methods.replaceChildren(...buttons);
}

function redraw(app) {
  if (!app.theme || !app.ui.flow.getBoundingClientRect().height) return; // not on the page yet; the observer calls again
  drawFlow(app);
  drawCurves(app);
  show(app);
}

function show(app) {
  const { ui, episode } = app;
  [...ui.methods.children].forEach((button, m) => button.setAttribute("aria-checked", app.replay.methods[m] === app.method));
  const words = episode ? `after episode ${episode} of ${app.most}` : "labels as given";
  ui.episode.textContent = words;
  ui.slider.setAttribute("aria-valuetext", words);
  showFlow(app);
  showCurves(app);
  showCounts(app);
  showNumbers(app);
  app.draws++;
}

function setEpisode(app, episode) {
  if (episode === app.episode) return;
  app.episode = episode;
  app.waiting ??= requestAnimationFrame(() => {
    app.waiting = null;
    show(app);
  });
}

function play(app) {
  if (app.episode >= app.most) setEpisode(app, 0);
  app.ui.play.textContent = "❚❚";
  app.ui.play.setAttribute("aria-label", "Pause");
  app.playing = setInterval(() => {
    setEpisode(app, Math.min(app.most, app.episode + 1));
    app.ui.slider.valueAsNumber = app.episode;
    if (app.episode >= app.most) stop(app);
  }, 900);
}

function stop(app) {
  if (!app.playing) return;
  clearInterval(app.playing);
  app.playing = null;
  app.ui.play.textContent = "▶";
  app.ui.play.setAttribute("aria-label", "Play the episodes");
  commit(app);
}

// Tells Python, after the last change only, and says the numbers to who does not see them.
function commit(app) {
  app.chosen = true;
  clearTimeout(app.committing);
  app.committing = setTimeout(() => {
    app.component.setStateValue("state", { method: app.method.name, episode: app.episode });
    const told = rowsOf(app).map(([name, value]) => `${name} ${value}`).join(", ");
    app.ui.live.textContent = `${app.ui.caption.textContent}. ${told}`;
    app.ui.flow.setAttribute("aria-label", `Label flow, ${app.ui.caption.textContent}. ${told}`);
  }, 80);
}
