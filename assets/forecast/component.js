// The entry that Streamlit calls, again after every change of its input: a line of JSON, then the curves.

export default function forecast(component) {
  const root = component.parentElement.querySelector(".lab-forecast");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const text = new TextDecoder().decode(component.data);
  const end = text.indexOf("\n");
  const heading = JSON.parse(text.slice(0, end)); // palette, revision, level
  takeCurves(app, heading, text.slice(end + 1));
  retheme(app);
  return () => dispose(app);
}

function createApp(root) {
  const app = { root, ui: collectUi(root), abort: new AbortController(), level: null, draws: 0 };
  app.resize = new ResizeObserver(() => redraw(app));
  app.resize.observe(app.ui.chart);
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

// The level is the person's own until Python sends a new revision (a figure of the paper was chosen).
function takeCurves(app, heading, text) {
  app.palette = heading.palette;
  const revised = app.revision !== heading.revision;
  if (app.text === text && !revised) return;
  if (app.text !== text) {
    app.text = text;
    app.curves = readCurves(text);
    app.themeKey = ""; // everything is drawn anew
  }
  if (revised) {
    app.revision = heading.revision;
    app.level = heading.level;
  }
  app.level = Math.min(app.level, app.curves.highest);
  if (app.theme && app.themeKey) showLevel(app);
}

function retheme(app) {
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key === app.themeKey) return;
  app.themeKey = key;
  app.theme = readTheme(app.root, app.palette, app.curves.ks.length);
  app.root.dataset.dark = app.theme.dark;
  buildReadout(app);
  redraw(app);
  sayNumbers(app);
  app.root.dataset.ready = "true";
}

function redraw(app) {
  if (!app.theme) return;
  drawChart(app);
  showLevel(app);
}

// Whatever changes the level asks for a frame; one frame draws the latest.
function schedule(app) {
  app.waiting ??= requestAnimationFrame(() => {
    app.waiting = null;
    showLevel(app);
  });
}

// Tells Python, after the last change only; a burst of key presses is one message.
function commit(app) {
  clearTimeout(app.committing);
  app.committing = setTimeout(() => {
    app.component.setStateValue("state", { level: Number(app.level.toFixed(3)), revision: app.revision });
    sayNumbers(app);
  }, 80);
}

function testHook(app) {
  return {
    get level() { return app.level; },
    get draws() { return app.draws; },
    get values() { return [...app.values]; },
    at: (level) => accuraciesAt(app.curves, level),
    markOnPage: (n) => {
      const box = app.ui.chart.getBoundingClientRect();
      return [box.left + app.marks[n].x, box.top + app.marks[n].y];
    },
  };
}
