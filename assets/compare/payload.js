// Reads the message that lab/figures/compare_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 1;
const ARRAYS = { uint8: Uint8Array, uint32: Uint32Array, float32: Float32Array };
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

async function readBoard(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (head.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${head.version}`);
  const stream = new Blob([bytes.subarray(4 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const found = {};
  let at = 0;
  for (const { name, type, bytes: size } of head.sections) found[name] = new ARRAYS[type](raw.slice(at, (at += size)).buffer);
  return { ...head, found };
}

// The bits of all rows at one k, and one of them.
const bitsAt = (board, name, k) => {
  const size = Math.ceil(board.m / 8);
  return board.found[`right.${name}`].subarray((k - 1) * size, k * size);
};
const bit = (bits, row) => (bits[row >> 3] >> (7 - (row & 7))) & 1;

// How many rows a method mends and breaks at k, as lab.analysis.knet_comparison.disagreement counts them.
function countsAt(board, name, k) {
  const [network, other] = [board.found["right.network"], bitsAt(board, name, k)];
  let [mended, broken, bothRight] = [0, 0, 0];
  for (let i = 0; i < network.length; i++) {
    mended += ONES[~network[i] & other[i] & 255];
    broken += ONES[network[i] & ~other[i] & 255];
    bothRight += ONES[network[i] & other[i]];
  }
  return { mended, broken, bothRight, bothWrong: board.m - mended - broken - bothRight };
}

// The first rows of a kind: 1 for right, 0 for wrong, by the network and by kNet.
function rowsOfKind(board, k, byNetwork, byKnet, most) {
  const [network, knet] = [board.found["right.network"], bitsAt(board, "knet", k)];
  const rows = [];
  for (let row = 0; row < board.m && rows.length < most; row++) {
    if (bit(network, row) === byNetwork && bit(knet, row) === byKnet) rows.push(row);
  }
  return rows;
}

// Shares of the classes among the k nearest neighbours of the row.
function sharesAt(board, k) {
  const shares = new Float64Array(board.classes.length);
  for (let i = 0; i < k; i++) shares[board.found.given[i]] += 1;
  return shares.map((count) => count / k);
}

// What kNet answers: the very network, run here. softmax(weight relu(start + kappa(k) by_k) + bias)
function knetAt(board, k) {
  const { start, by_k: byK, weight, bias, kappa } = board.found;
  const hidden = start.map((value, j) => Math.max(0, value + kappa[k - 1] * byK[j]));
  const logits = Array.from(bias, (b, c) => hidden.reduce((sum, h, j) => sum + h * weight[c * hidden.length + j], b));
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
