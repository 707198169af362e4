// Reads the messages that lab/figures/scatter_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 1;

async function readMessage(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (head.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${head.version}`);
  const stream = new Blob([bytes.subarray(4 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const found = {};
  let at = 0;
  for (const section of head.sections) found[section.name] = raw.subarray(at, (at += section.bytes));
  return { head, found };
}

// zlib's last four bytes are a checksum of the content: equal length and checksum is the same message.
const messageIdentity = (bytes) => bytes.length + ":" + bytes.slice(-4).join(".");

const READERS = { points: readPoints, map: readMap, pictures: readPictures };

async function readPart(bytes) {
  const { head, found } = await readMessage(bytes);
  return { n: head.n, total: head.total, crowd: head.crowd, ...(await READERS[head.kind](head, found)) };
}

function readPoints(head, found) {
  const { n, total } = head;
  return {
    ids: n === total ? null : rowsOf(unpackMask(found.ids, total)),
    classes: head.classes,
    labels: head.labels.map((name) => ({ name, y: found[`label.${name}`] })),
    scores: Object.entries(head.scores).map(([name, [low, high]]) => ({ name, low, high, levels: wide(found[`score.${name}`], n) })),
    rings: head.rings,
    ringBits: found.rings,
    circled: found.rings.reduce((count, bits) => count + (bits ? 1 : 0), 0),
    probs: found.probs ?? null,
    order: drawingOrder(n, found.rings),
  };
}

// Places in units of the map, origin at the lower left: [u0, v0, u1, v1, ...].
function readMap({ n }, { places }) {
  const [u, v] = [wide(places.subarray(0, 2 * n), n), wide(places.subarray(2 * n), n)];
  const uv = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    uv[2 * i] = u[i] / 65535;
    uv[2 * i + 1] = v[i] / 65535;
  }
  return { uv };
}

async function readPictures({ width, height, columns }, { sheet }) {
  return { width, height, columns, sheet: await createImageBitmap(new Blob([sheet], { type: "image/png" })) };
}

// 16 bits from their planes: all high bytes, then all low ones.
function wide(planes, n) {
  const out = new Uint16Array(n);
  for (let i = 0; i < n; i++) out[i] = (planes[i] << 8) | planes[n + i];
  return out;
}

function rowsOf(mask) {
  const rows = [];
  for (let i = mask.indexOf(1); i >= 0; i = mask.indexOf(1, i + 1)) rows.push(i);
  return Uint32Array.from(rows);
}

// Shuffled, so that no class lies on top of the others because of its place in the file; the circled ones last, on top.
function drawingOrder(n, ringBits) {
  const order = new Uint32Array(n).map((_, i) => i);
  let state = 12345;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  const plain = order.filter((i) => !ringBits[i]);
  const circled = order.filter((i) => ringBits[i]);
  order.set(plain);
  order.set(circled, plain.length);
  return order;
}
