// Colours from Streamlit's theme variables and the lab's palette, and the marker shapes (the second channel beside colour).

const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

function toRgb(css) {
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = css;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

const mix = (a, b, share) => a.map((v, i) => Math.round(v + (b[i] - v) * share));
const css = (rgb, alpha = 1) => `rgba(${rgb.join(",")},${alpha})`;
const word = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // one pixel of ImageData, little-endian

function readTheme(root, palette, nClasses) {
  const style = getComputedStyle(root);
  const value = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = toRgb(value("--st-background-color", "#ffffff"));
  const text = toRgb(value("--st-text-color", "#31333f"));
  const dark = background[0] + background[1] + background[2] < 384;
  const classes = (dark ? palette.dark : palette.light).slice(0, nClasses).map(toRgb);
  return {
    dark,
    background,
    text,
    muted: mix(background, text, 0.72),
    faint: mix(background, text, 0.18),
    accent: toRgb(dark ? "#FF9B52" : "#B34700"), // kNet's curve: the palette's vermilion, readable as text
    error: toRgb(dark ? "#FF6B6B" : palette.error),
    classes,
    shapes: palette.shapes,
    font: value("--st-font", "sans-serif"),
    lookup: lookupTables(background, text, classes, dark ? 0.4 : 0.5),
  };
}

// Pixel words: by class; by class and 256 steps of the winner's share; agreeing by class; and the one of disagreement.
function lookupTables(background, text, classes, strength) {
  const shaded = new Uint32Array(classes.length * 256);
  const least = 1 / classes.length; // a winner has at least this share
  classes.forEach((colour, c) => {
    for (let step = 0; step < 256; step++) {
      const certainty = Math.max(0, (step / 255 - least) / (1 - least));
      shaded[c * 256 + step] = word(mix(background, colour, 0.05 + 1.5 * strength * certainty));
    }
  });
  return {
    hard: Uint32Array.from(classes, (colour) => word(mix(background, colour, strength))),
    shaded,
    agree: Uint32Array.from(classes, (colour) => word(mix(background, colour, 0.16))),
    differ: word(mix(background, text, 0.85)),
  };
}

const star = (points, inner, turn = -Math.PI / 2) =>
  Array.from({ length: inner ? 2 * points : points }, (_, i) => {
    const radius = inner && i % 2 ? inner : 1.15;
    const angle = turn + (i * 2 * Math.PI) / (inner ? 2 * points : points);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
const plus = [[-0.4, -1], [0.4, -1], [0.4, -0.4], [1, -0.4], [1, 0.4], [0.4, 0.4], [0.4, 1], [-0.4, 1], [-0.4, 0.4], [-1, 0.4], [-1, -0.4], [-0.4, -0.4]];
const SHAPE_CORNERS = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  "triangle-up": [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  diamond: [[0, -1.25], [1.05, 0], [0, 1.25], [-1.05, 0]],
  cross: plus,
  x: plus.map(([x, y]) => [(x - y) * 0.75, (x + y) * 0.75]),
  star: star(5, 0.5),
  pentagon: star(5, 0),
};

function traceShape(ctx, shape, x, y, radius) {
  ctx.beginPath();
  if (shape === "circle") ctx.arc(x, y, radius, 0, 2 * Math.PI);
  else {
    for (const [dx, dy] of SHAPE_CORNERS[shape]) ctx.lineTo(x + dx * radius, y + dy * radius);
    ctx.closePath();
  }
}

// The same shape as a small picture for legends; decoration, because the name always stands beside it.
function swatch(app, label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-1.6 -1.6 3.2 3.2");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("aria-hidden", "true");
  svg.append(shapeElement(app.theme, label, 0, 0, 1));
  return svg;
}

function shapeElement(theme, label, x, y, radius) {
  const shape = theme.shapes[label];
  const node = document.createElementNS("http://www.w3.org/2000/svg", shape === "circle" ? "circle" : "polygon");
  if (shape === "circle") node.setAttribute("r", radius);
  else node.setAttribute("points", SHAPE_CORNERS[shape].map((corner) => corner.map((v) => v * radius).join(",")).join(" "));
  node.setAttribute("transform", `translate(${x} ${y})`);
  node.setAttribute("fill", css(theme.classes[label]));
  node.setAttribute("stroke", css(theme.text, 0.7));
  node.setAttribute("stroke-width", 0.16 * radius);
  return node;
}
