// The entry that Streamlit calls, again after every change of its input: a line of JSON, then the board.

export default function compare(component) {
  const root = component.parentElement.querySelector(".lab-compare");
  const app = root.labApp ?? createApp(root);
  app.component = component;
  const end = component.data.indexOf(10);
  const heading = JSON.parse(new TextDecoder().decode(component.data.subarray(0, end))); // palette, revision, k
  takeBoard(app, heading, component.data.subarray(end + 1));
  return () => dispose(app);
}

function createApp(root) {
  const app = { root, ui: collectUi(root), abort: new AbortController(), draws: 0, buttons: {} };
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

// k is the person's own until Python sends another revision (another run was opened).
async function takeBoard(app, heading, bytes) {
  app.palette = heading.palette;
  if (app.revision !== heading.revision) [app.revision, app.k] = [heading.revision, heading.k];
  const identity = bytes.length + ":" + bytes.slice(-4).join("."); // the checksum of the content comes last
  if (app.identity !== identity) {
    app.identity = identity;
    const board = await readBoard(bytes);
    if (app.identity !== identity) return; // a later one overtook it
    app.board = board;
    app.wanted = board.row;
    app.k = Math.min(app.k, board.k_max);
    app.buttons = {};
    for (const list of [app.ui.mended, app.ui.broken]) delete list.dataset.rows;
    app.themeKey = ""; // everything is drawn anew
  }
  if (app.board) retheme(app);
}

function retheme(app) {
  const style = getComputedStyle(app.root);
  const key = ["--st-background-color", "--st-text-color", "--st-font"].map((name) => style.getPropertyValue(name)).join("|");
  if (key !== app.themeKey) {
    app.themeKey = key;
    app.theme = readTheme(app.root, app.palette, 3);
    app.root.dataset.dark = app.theme.dark;
    ["knn", "knet"].forEach((name, place) => app.root.style.setProperty(`--${name}`, css(app.theme.classes[place])));
    buildReadout(app);
    buildSample(app);
  }
  redraw(app);
  sayNumbers(app);
  app.root.dataset.waiting = false;
  app.root.dataset.ready = "true";
}

function redraw(app) {
  if (!app.theme) return;
  drawChart(app);
  showK(app);
}

// Whatever changes k asks for a frame; one frame draws the latest.
function schedule(app) {
  app.waiting ??= requestAnimationFrame(() => {
    app.waiting = null;
    showK(app);
  });
}

// Tells Python, after the last change only; a burst of key presses is one message.
function commit(app) {
  clearTimeout(app.committing);
  app.committing = setTimeout(() => {
    app.component.setStateValue("state", { k: app.k, row: app.wanted, revision: app.revision });
    sayNumbers(app);
  }, 80);
}

function testHook(app) {
  return {
    get k() { return app.k; },
    get row() { return app.board.row; },
    get draws() { return app.draws; },
    counts: (name, k) => countsAt(app.board, name, k),
    knet: (k) => knetAt(app.board, k),
    shares: (k) => Array.from(sharesAt(app.board, k)),
  };
}
