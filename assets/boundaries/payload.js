// Reads the message that lab/figures/field_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 1;

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// zlib's last four bytes are a checksum of the content: equal length and checksum is the same message.
function messageIdentity(bytes) {
  return bytes.length + ":" + bytes.slice(-4).join(".");
}

function readScene(raw) {
  const headLength = new DataView(raw.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + headLength)));
  if (head.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${head.version}`);
  const found = {};
  let at = 4 + headLength;
  for (const section of head.sections) {
    found[section.name] = unfilter(raw.subarray(at, at + section.bytes), section, head.side);
    at += section.bytes;
  }
  const method = (name) => ({ labels: found[`${name}.labels`], probs: found[`${name}.probs`] });
  const scene = {
    classes: head.classes,
    extent: head.extent,
    side: head.side,
    cells: head.side * head.side,
    kMax: head.k_max,
    points: found.points,
    yClean: found.y_clean,
    yGiven: found.y_given,
    edited: found.edited,
    neighbours: found.neighbour_labels,
    knet: { labels: found.knet_labels, probs: found.knet_probs, knots: head.knots },
    network: method("network"),
    bayes: method("bayes"),
    noisy: { labels: found["noisy_bayes.labels"] },
    fixed: head.fixed.map((k) => ({ k, ...method(`fixed${k}`) })),
    curves: { accuracy: head.accuracy, agreement: head.agreement },
    memory: head.memory,
  };
  scene.knn = voteStacks(scene);
  scene.borders = { bayes: borders(scene.bayes.labels, scene.side), noisy: borders(scene.noisy.labels, scene.side) };
  return scene;
}

function unfilter(body, { filter, type, shape }, side) {
  const size = shape.reduce((a, b) => a * b, 1);
  if (filter === "raw") return type === "f4" ? new Float32Array(body.buffer, body.byteOffset, size) : body.subarray(0, size);
  if (filter === "xor") return undoXor(body.subarray(0, size), size / shape[0]);
  if (filter === "diff2") return undoDifferences(body.subarray(0, size), side);
  return unpack(body, Number(filter.slice(4)), size);
}

function undoXor(values, row) {
  for (let i = row; i < values.length; i++) values[i] ^= values[i - row];
  return values;
}

function undoDifferences(values, side) {
  for (let grid = 0; grid < values.length; grid += side * side) {
    const end = grid + side * side;
    for (let i = grid + side; i < end; i++) values[i] += values[i - side];
    for (let row = grid; row < end; row += side) for (let i = row + 1; i < row + side; i++) values[i] += values[i - 1];
  }
  return values;
}

function unpack(body, bits, size) {
  const out = new Uint8Array(size);
  const mask = (1 << bits) - 1;
  for (let at = 0, i = 0; i < size; at++) {
    for (let left = body[at], end = Math.min(size, i + 8 / bits); i < end; left >>= bits) out[i++] = left & mask;
  }
  return out;
}

// The winner and its number of votes for every k and cell. One pass: adding a neighbour can only make its own class win.
// Of tied classes the one whose first neighbour is closest wins.
function voteStacks({ neighbours, cells, kMax, classes }) {
  const n = classes.length;
  const labels = new Uint8Array(kMax * cells);
  const top = new Uint8Array(kMax * cells);
  const votes = new Uint8Array(cells * n);
  const first = new Uint8Array(cells * n).fill(255); // k_max is at most 255, so no rank is 255
  for (let rank = 0; rank < kMax; rank++) {
    for (let cell = 0, at = rank * cells; cell < cells; cell++, at++) {
      const label = neighbours[at];
      const slot = cell * n + label;
      const count = ++votes[slot];
      if (first[slot] === 255) first[slot] = rank;
      let winner = rank ? labels[at - cells] : label;
      let best = rank ? top[at - cells] : 0;
      if (count > best) {
        winner = label;
        best = count;
      } else if (count === best && first[slot] < first[cell * n + winner]) winner = label;
      labels[at] = winner;
      top[at] = best;
    }
  }
  return { labels, top };
}
