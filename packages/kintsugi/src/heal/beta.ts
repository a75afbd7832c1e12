/**
 * The Beta distribution, as far as trust needs it.
 *
 * The regularised incomplete beta function is computed by its continued fraction with Lentz's method
 * (Press et al., Numerical Recipes, 3rd edition, section 6.4), the logarithm of the gamma function by
 * Lanczos's approximation with g = 7 and nine coefficients (Godfrey 2001, good to 15 digits), and the
 * quantile by halving the interval until nothing is left of it.
 */

/** The value below which a share `p` of the distribution Beta(a, b) lies; for a, b > 0. */
export function betaQuantile(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  // Each halving settles one bit, and a number between 0 and 1 has 53 of them.
  for (let bit = 0; bit < 53; bit += 1) {
    const middle = (low + high) / 2;
    if (betaShare(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** The share of Beta(a, b) that lies below x: the regularised incomplete beta function. */
export function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const logFactor =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  const factor = Math.exp(logFactor);
  // The fraction converges fast on this side of the mean; on the other side by symmetry.
  return x < (a + 1) / (a + b + 2)
    ? (factor * continuedFraction(x, a, b)) / a
    : 1 - (factor * continuedFraction(1 - x, b, a)) / b;
}

const MAX_TERMS = 500;
const PRECISION = 1e-15;

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MAX_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return value;
}

const LANCZOS_G = 7;
const LANCZOS: readonly number[] = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** For x > 0. */
function logGamma(x: number): number {
  // The approximation is good from 0.5 on; below it the gamma function mirrors itself.
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const base = x - 1;
  const sum = LANCZOS.reduce(
    (total, coefficient, index) => total + coefficient / (base + index + 1),
    0.9999999999998099,
  );
  const t = base + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (base + 0.5) * Math.log(t) - t + Math.log(sum);
}
