// Reads the message that lab/figures/inn_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 1;

function readPayload(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  if (head.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${head.version}`);
  let at = 4 + length;
  const take = (Kind, count) => {
    const part = new Kind(bytes.slice(at, at + count * Kind.BYTES_PER_ELEMENT).buffer);
    at += count * Kind.BYTES_PER_ELEMENT;
    return part;
  };
  const { n, detectors, picture } = head;
  const scores = detectors.map(() => take(Float32Array, n));
  const [given, clean] = [take(Uint16Array, n), take(Uint16Array, n)];
  const pictureRows = take(Int32Array, picture.count);
  const pixels = take(Uint8Array, picture.count * picture.height * picture.width * picture.channels);
  const pictureOf = new Map();
  pictureRows.forEach((row, i) => pictureOf.set(row, i));
  return { head, n, detectors, scores, given, clean, pixels, pictureOf };
}
