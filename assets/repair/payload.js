// Reads the message that lab/figures/repair_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 1;

function readReplay(text) {
  const replay = JSON.parse(text);
  if (replay.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${replay.version}`);
  return replay;
}

const NODES = ["right", "left out", "wrong"];
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text; // never innerHTML: names come from uploads
  return node;
}

function shape(tag, attributes = {}, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

// The last column of a method that a scrubber position stands for: a method with fewer episodes stays at its end.
const columnOf = (method, episode) => Math.min(episode, method.columns.length - 1);
