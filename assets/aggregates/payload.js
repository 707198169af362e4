// Reads the message that lab/figures/pairs_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 1;
const KINDS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };

function readPairs(bytes) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength); // sections begin at multiples of 4
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  if (head.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${head.version}`);
  const pairs = { ...head };
  let at = 4 + length;
  for (const [name, kind, size] of head.sections) {
    pairs[name] = new KINDS[kind](buffer, at, size);
    at += Math.ceil(pairs[name].byteLength / 4) * 4;
  }
  if (pairs.nearRows) pairs.nearPlace = new Map([...pairs.nearRows].map((row, place) => [row, place]));
  return pairs;
}

const softmaxOf = (pairs, i) => pairs.softmax.subarray(i * pairs.classes.length, (i + 1) * pairs.classes.length);
const largest = (values) => values.reduce((best, value, c) => (value > values[best] ? c : best), 0);

// Shares of the labels among the first k neighbours.
function sharesOf(pairs, i, k, labels) {
  const shares = new Float64Array(pairs.classes.length);
  for (let j = i * pairs.k_max; j < i * pairs.k_max + k; j++) shares[labels[pairs.idx[j]]] += 1 / k;
  return shares;
}

// Half the sum of (p - h)^2 / (p + h), in [0, 1]; DRO App. A names the distance and does not define it.
function chiSquare(p, h) {
  const total = p.reduce((sum, value) => sum + value, 0);
  return p.reduce((sum, value, c) => {
    const both = value / total + h[c];
    return both > 0 ? sum + (value / total - h[c]) ** 2 / both / 2 : sum;
  }, 0);
}

// The shown samples in an order, of those asked for.
const ORDERS = {
  distance: (pairs) => (a, b) => pairs.distance[a] - pairs.distance[b],
  median: (pairs) => (a, b) => Math.abs(pairs.distance[a] - pairs.median) - Math.abs(pairs.distance[b] - pairs.median),
  row: (pairs) => (a, b) => pairs.rows[a] - pairs.rows[b],
};

function orderedSamples(pairs, order, among) {
  const fits = {
    all: () => true,
    wrong: (i) => largest(softmaxOf(pairs, i)) !== pairs.y[i],
    noisy: (i) => pairs.inside[i] === 1,
    clean: (i) => pairs.inside[i] === 0,
  }[among] ?? ((i) => pairs.y[i] === Number(among));
  return Array.from({ length: pairs.n }, (_, i) => i).filter(fits).sort(ORDERS[order](pairs));
}
