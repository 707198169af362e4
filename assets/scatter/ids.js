// Ids of a selection in few bytes and as text: the same rule as lab/figures/packed_ids.py. How many are left out, how many
// follow each other, and so on in turn; each count in 7 bits a byte, lowest first.

function packMask(mask) {
  const out = [];
  const count = (value) => {
    for (; value > 127; value >>>= 7) out.push((value & 127) | 128);
    out.push(value);
  };
  for (let at = 0, end = 0; ; end = at) {
    const from = mask.indexOf(1, at);
    if (from < 0) return Uint8Array.from(out);
    at = mask.indexOf(0, from);
    if (at < 0) at = mask.length;
    count(from - end);
    count(at - from);
  }
}

function unpackMask(packed, total) {
  const mask = new Uint8Array(total);
  for (let at = 0, id = 0, run = false; at < packed.length; run = !run) {
    let value = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      more = packed[at] > 127;
      value += (packed[at++] & 127) * 2 ** shift;
    }
    if (run) mask.fill(1, id, id + value);
    id += value;
  }
  return mask;
}

function maskToText(mask) {
  const packed = packMask(mask);
  let bytes = "";
  for (let at = 0; at < packed.length; at += 8192) bytes += String.fromCharCode(...packed.subarray(at, at + 8192));
  return btoa(bytes);
}

const textToMask = (text, total) => unpackMask(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), total);
