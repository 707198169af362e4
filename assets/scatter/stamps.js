// Drawing by stamping: every look is drawn once into a few pixels, which are then copied into the map's own memory for
// each point. Measured in Chromium without a graphics card, two maps of 50,000 points redrawn in every frame: stamps 10
// to 28 frames a second, WebGL2 2, drawImage 0.8, one path a class 1.7; and it does not depend on a driver.

const RAMP_STEPS = 64; // colours of a score; one more look, the last, is for points without one

// The looks of the points as the present colouring wants them: shape and colour each.
function looksOf(app) {
  const { theme, points } = app;
  const chosen = colouring(app);
  if (chosen.y) return points.classes.map((_, c) => ({ shape: theme.shapes[c], colour: theme.classes[c] }));
  const steps = Array.from({ length: RAMP_STEPS }, (_, i) => rampColour(theme.ramp, i / (RAMP_STEPS - 1)));
  return [...steps, mix(theme.background, theme.text, 0.45)].map((colour) => ({ shape: "circle", colour }));
}

function rampColour(ramp, share) {
  const at = Math.min(ramp.length - 2, Math.floor(share * (ramp.length - 1)));
  return mix(ramp[at], ramp[at + 1], share * (ramp.length - 1) - at);
}

// Which look each point has.
function lookIndices({ n }, { y, levels }) {
  if (y) return y;
  const looks = new Uint8Array(n);
  for (let i = 0; i < n; i++) looks[i] = levels[i] === 65535 ? RAMP_STEPS : (levels[i] * RAMP_STEPS) >> 16;
  return looks;
}

// Three manners of every look - as it is, selected, and of strangers to the zoom - and the rings, for one stride of memory.
function makeStamps(app, radius, stride) {
  const { theme } = app;
  const looks = looksOf(app);
  const bold = css(theme.text, 0.95);
  const fine = css(theme.text, 0.5);
  const point = (size, edge, width, fill) => (look) => (ctx) => {
    traceShape(ctx, look.shape, 0, 0, size);
    ctx.fillStyle = css(fill(look.colour));
    ctx.fill();
    if (!edge) return;
    ctx.strokeStyle = edge;
    ctx.lineWidth = width;
    ctx.stroke();
  };
  const line = Math.max(0.5, Math.min(1.2, radius / 4)) * Math.min(1.3, app.pixelRatio);
  const draw = {
    plain: looks.map(point(radius, fine, line, (colour) => colour)),
    bold: looks.map(point(radius * 1.2, bold, line * 1.4, (colour) => colour)),
    faint: looks.map(point(radius * 0.9, null, 0, (colour) => mix(theme.background, colour, 0.2))),
    rings: app.points.rings.map((_, kind) => (ctx) => traceRing(ctx, theme, kind, ringRadius(radius, app), ringWidth(radius, app))),
  };
  const reach = Math.ceil(ringRadius(radius, app) + ringWidth(radius, app) + 1);
  return Object.fromEntries(Object.entries(draw).map(([name, drawings]) => [name, drawings.map((d) => makeStamp(d, reach, stride))]));
}

// Thousands of bold rings would be all one sees.
const ringRoom = ({ points }) => Math.min(1, Math.max(0.55, (500 / Math.max(1, points.circled)) ** 0.25));
const ringRadius = (radius, app) => radius * 1.7 + 1.8 * app.pixelRatio * ringRoom(app);
const ringWidth = (radius, app) => Math.max(1.1, Math.min(2, radius / 2.2)) * app.pixelRatio * ringRoom(app);

// Three rings that differ in colour and in line: one line, two lines, dashes.
function traceRing(ctx, theme, kind, radius, width) {
  ctx.strokeStyle = css(theme.rings[kind]);
  const arc = (r, from = 0, to = 2 * Math.PI) => {
    ctx.beginPath();
    ctx.arc(0, 0, r, from, to);
    ctx.stroke();
  };
  ctx.lineWidth = kind === 1 ? width * 0.6 : width;
  if (kind === 0) arc(radius);
  if (kind === 1) for (const r of [radius - width * 0.75, radius + width * 0.75]) arc(r);
  if (kind === 2) for (let third = 0; third < 3; third++) arc(radius, (third + 0.14) * (Math.PI / 1.5), (third + 0.86) * (Math.PI / 1.5));
}

// The pixels of a drawing that are not empty: where they are, their word, and how much they cover (0 to 255).
function makeStamp(drawing, reach, stride) {
  const side = 2 * reach + 1;
  const ctx = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  ctx.translate(reach + 0.5, reach + 0.5);
  drawing(ctx);
  const words = new Uint32Array(ctx.getImageData(0, 0, side, side).data.buffer);
  const found = [];
  words.forEach((word, i) => {
    if (word >>> 24 > 12) found.push({ dx: (i % side) - reach, dy: Math.floor(i / side) - reach, word, cover: word >>> 24 });
  });
  return {
    reach,
    dx: Int8Array.from(found, (p) => p.dx),
    dy: Int8Array.from(found, (p) => p.dy),
    offset: Int32Array.from(found, (p) => p.dy * stride + p.dx),
    word: Uint32Array.from(found, (p) => p.word),
    cover: Uint8Array.from(found, (p) => p.cover),
  };
}

// Puts a stamp at (x, y) of a square picture of `size` pixels a side.
function putStamp(words, size, stamp, x, y) {
  const { reach, offset, word, cover } = stamp;
  if (x < reach || y < reach || x >= size - reach || y >= size - reach) return putClipped(words, size, stamp, x, y);
  const at = y * size + x;
  for (let j = 0; j < offset.length; j++) {
    const p = at + offset[j];
    words[p] = cover[j] > 250 ? word[j] : over(words[p], word[j], cover[j]);
  }
}

function putClipped(words, size, { reach, dx, dy, word, cover }, x, y) {
  if (x < -reach || y < -reach || x >= size + reach || y >= size + reach) return;
  for (let j = 0; j < dx.length; j++) {
    const [px, py] = [x + dx[j], y + dy[j]];
    if (px >= 0 && py >= 0 && px < size && py < size) words[py * size + px] = over(words[py * size + px], word[j], cover[j]);
  }
}

// Without shades, but with the owner of every pixel: for a picture of which parts are shown later.
function putOwned(words, owner, size, { dx, dy, word, cover }, x, y, i) {
  for (let j = 0; j < dx.length; j++) {
    const [px, py] = [x + dx[j], y + dy[j]];
    if (cover[j] < 128 || px < 0 || py < 0 || px >= size || py >= size) continue;
    words[py * size + px] = word[j];
    owner[py * size + px] = i;
  }
}

// One pixel over another; over an empty one it keeps its own transparency.
function over(under, above, cover) {
  if (under >>> 24 === 0) return above;
  const rest = 255 - cover;
  const redBlue = (((above & 0xff00ff) * cover + (under & 0xff00ff) * rest) >>> 8) & 0xff00ff;
  const green = (((above >>> 8) & 0xff) * cover + ((under >>> 8) & 0xff) * rest) & 0xff00;
  return (Math.max(under >>> 24, cover) << 24) | redBlue | green;
}
