// Reads the message that lab/figures/forecast_payload.py writes. The two files change together.

const PAYLOAD_VERSION = 2;

function readCurves(text) {
  const curves = JSON.parse(text);
  if (curves.version !== PAYLOAD_VERSION) throw new Error(`payload version must be ${PAYLOAD_VERSION}, got ${curves.version}`);
  return curves;
}

// sum_j coefficients[j] T_j(x), x in [-1, 1], by Clenshaw's recurrence.
function chebyshev(coefficients, x) {
  let [next, after] = [0, 0];
  for (let j = coefficients.length - 1; j > 0; j--) [next, after] = [2 * x * next - after + coefficients[j], next];
  return x * next - after + coefficients[0];
}

// Expected accuracy of every K at a noise level in [0, highest].
function accuraciesAt(curves, level) {
  const x = (2 * level) / curves.highest - 1;
  return curves.coefficients.map((series) => chebyshev(series, x));
}
