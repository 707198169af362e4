// What a line means in numbers: a label is called wrong if its score lies below it.

// For each detector its rows by score, and how many of the first i are truly wrong.
function prepareCounts(data) {
  const { n, given, clean } = data;
  data.wrong = Uint8Array.from({ length: n }, (_, i) => (given[i] !== clean[i] ? 1 : 0));
  data.wrongRows = Array.from(data.wrong.keys()).filter((i) => data.wrong[i]);
  data.order = data.scores.map((score) => Uint32Array.from(score.keys()).sort((a, b) => score[a] - score[b] || a - b));
  data.hits = data.order.map((order) => {
    const hits = new Uint32Array(n + 1);
    order.forEach((row, i) => (hits[i + 1] = hits[i] + data.wrong[row]));
    return hits;
  });
}

// How many scores lie below the line.
function countBelow(data, d, cut) {
  const [score, order] = [data.scores[d], data.order[d]];
  let [low, high] = [0, data.n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (score[order[middle]] < cut) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countsAt(data, d, cut) {
  const flagged = countBelow(data, d, cut);
  const hits = data.hits[d][flagged];
  const errors = data.wrongRows.length;
  return {
    flagged,
    hits,
    missed: errors - hits,
    precision: flagged ? hits / flagged : NaN,
    recall: errors ? hits / errors : NaN,
    f1: flagged + errors ? (2 * hits) / (flagged + errors) : NaN,
  };
}

// For every truly wrong label the set of detectors that miss it, as bits; and how often each set occurs.
function missedSets(data, cuts) {
  const masks = new Uint32Array(data.wrongRows.length);
  cuts.forEach((cut, d) => {
    const score = data.scores[d];
    data.wrongRows.forEach((row, i) => {
      if (!(score[row] < cut)) masks[i] |= 1 << d;
    });
  });
  const sizes = new Map();
  for (const mask of masks) sizes.set(mask, (sizes.get(mask) ?? 0) + 1);
  return { masks, sizes };
}

// missed[class][detector] and the errors of each true class.
function missedByClass(data, masks) {
  const found = data.head.classes.map(() => ({ errors: 0, missed: data.detectors.map(() => 0) }));
  data.wrongRows.forEach((row, i) => {
    const of = found[data.clean[row]];
    of.errors++;
    data.detectors.forEach((_, d) => (of.missed[d] += (masks[i] >> d) & 1));
  });
  return found;
}
