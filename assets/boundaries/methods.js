// What each method says: labels of the grid at k, the winner's share for shading, probabilities of one cell for reading.

const METHODS = {
  knn: { name: "kNN", usesK: true },
  knet: { name: "kNet", usesK: true },
  fixed: { name: "fixed kNet", usesK: true },
  network: { name: "network" },
  bayes: { name: "Bayes rule" },
  noisy: { name: "Bayes rule, noisy labels" },
  input: { name: "noisy input" },
  disagreement: { name: "disagreement", usesK: true },
};

// A fixed kNet exists for a few k only: the one nearest to the k asked for.
function fixedAt(scene, k) {
  return scene.fixed.reduce((best, one) => (Math.abs(one.k - k) < Math.abs(best.k - k) ? one : best));
}

function methodK(scene, method, k) {
  return method === "fixed" ? fixedAt(scene, k).k : k;
}

function methodTitle(scene, method, k) {
  const { name, usesK } = METHODS[method];
  return usesK ? `${name}, k = ${methodK(scene, method, k)}` : name;
}

function labelsOf(scene, method, k) {
  if (method === "fixed") return fixedAt(scene, k).labels;
  const { labels } = scene[method];
  return METHODS[method].usesK ? labels.subarray((k - 1) * scene.cells, k * scene.cells) : labels;
}

// Fills `out` with the winner's probability in 0..255; false where a method has no probabilities.
function fillShares(scene, method, k, labels, out) {
  const { cells } = scene;
  if (method === "noisy") return false;
  if (method === "knn") {
    const top = scene.knn.top.subarray((k - 1) * cells, k * cells);
    for (let cell = 0; cell < cells; cell++) out[cell] = (top[cell] * 255) / k;
  } else if (method === "knet") {
    const { low, high, share } = knotsAround(scene, k);
    const { probs } = scene.knet;
    for (let cell = 0; cell < cells; cell++) {
      const at = labels[cell] * cells + cell;
      out[cell] = probs[low + at] * (1 - share) + probs[high + at] * share;
    }
  } else {
    const { probs } = method === "fixed" ? fixedAt(scene, k) : scene[method];
    for (let cell = 0; cell < cells; cell++) out[cell] = probs[labels[cell] * cells + cell];
  }
  return true;
}

// kNet's probabilities travel for a few k; between two of them they are interpolated (labels never are).
function knotsAround(scene, k) {
  const { knots } = scene.knet;
  let j = 0;
  while (j + 1 < knots.length && knots[j + 1] < k) j++;
  const next = Math.min(j + 1, knots.length - 1);
  const block = scene.classes.length * scene.cells;
  return { low: j * block, high: next * block, share: next === j ? 0 : (k - knots[j]) / (knots[next] - knots[j]) };
}

function votesAt(scene, cell, k) {
  const votes = new Array(scene.classes.length).fill(0);
  for (let rank = 0; rank < k; rank++) votes[scene.neighbours[rank * scene.cells + cell]]++;
  return votes;
}

// { probs, votes }: probabilities by class, summing to 1, or null where a method has none; votes for kNN only.
function readingAt(scene, method, cell, k) {
  const { cells, classes } = scene;
  if (method === "knn") {
    const votes = votesAt(scene, cell, k);
    return { votes, probs: votes.map((v) => v / k) };
  }
  let read;
  if (method === "knet") {
    const { low, high, share } = knotsAround(scene, k);
    const { probs } = scene.knet;
    read = (at) => probs[low + at] * (1 - share) + probs[high + at] * share;
  } else {
    const { probs } = method === "fixed" ? fixedAt(scene, k) : scene[method];
    if (!probs) return { probs: null };
    read = (at) => probs[at];
  }
  const values = classes.map((_, c) => read(c * cells + cell));
  const sum = values.reduce((a, b) => a + b, 0); // each travelled with 8 bits
  return { probs: values.map((value) => value / sum) };
}

function measureOf(scene, curve, method, k) {
  const values = scene.curves[curve];
  if (method === "knn" || method === "knet") return values[method][k - 1];
  if (method === "fixed") return values.fixed.find(([fixedK]) => fixedK === fixedAt(scene, k).k)?.[1];
  return method === "network" || method === "bayes" ? values[method] ?? undefined : undefined;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
