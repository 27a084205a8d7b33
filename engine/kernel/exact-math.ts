/**
 * Elementary functions that give the same bits in every JavaScript engine.
 *
 * ECMAScript leaves the last bits of its own transcendental functions open, and engines differ in them. These use
 * only + − × ÷ and the square root, which IEEE 754 defines to the last bit (and no engine may fuse), so a table
 * built from them is one table everywhere. Errors stay within about one unit in the last place.
 */

/** ln 2 in two parts; the upper has 21 zero bits at its end, so that its product with an exponent is exact. */
const LN_2_HIGH = 0.6931471803691238;
const LN_2_LOW = 1.9082149292705877e-10;
/** Splits a double into two halves of 26 bits (Dekker 1971). */
const SPLITTER = 0x800_0001;
const SQRT_2 = Math.sqrt(2);
const SQRT_2_PI = 2.5066282746310002;

const TWO_TO_64 = 65536 * 65536 * 65536 * 65536;
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** To take doubles apart and put them together; always written before it is read, big-endian on every machine. */
const bits = new DataView(new ArrayBuffer(8));

/** The natural logarithm. NaN below 0, −Infinity at 0. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const [high, low] = lnInTwoParts(x);
  return high + low;
}

/** ln(1 + x) without losing the digits of a small x. NaN below −1. (Kahan's correction of the rounded 1 + x.) */
export function ln1p(x: number): number {
  const sum = 1 + x;
  if (sum === 1) return x;
  return sum === Number.POSITIVE_INFINITY ? sum : ln(sum) * (x / (sum - 1));
}

/** e to the power x; Infinity above 709.78, 0 below −745.14. */
export function exp(x: number): number {
  return expOfTwoParts(x, 0);
}

/** e^x − 1 without losing the digits of a small x. (Kahan's correction.) */
export function expm1(x: number): number {
  const power = exp(x);
  if (power === 1) return x;
  if (power - 1 === -1) return -1;
  return power === Number.POSITIVE_INFINITY ? power : (power - 1) * (x / ln(power));
}

/** x to the power y, for x ≥ 0 and finite y; NaN for a negative x. The logarithm is kept to 60 bits on the way. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (!(x >= 0)) return Number.NaN;
  if (x === 0 || x === Number.POSITIVE_INFINITY)
    return (x === 0 ? y > 0 : y < 0) ? 0 : Number.POSITIVE_INFINITY;
  const [high, low] = lnInTwoParts(x);
  const product = high * y;
  if (!(product > -800 && product < 800)) return product > 0 ? Number.POSITIVE_INFINITY : 0;
  return expOfTwoParts(product, productError(high, y, product) + low * y);
}

/**
 * The value that a standard normal variable stays below with probability p; ∓Infinity at 0 and 1, NaN outside.
 * Near p = 1 use −inverseNormal(1 − p) with the exact 1 − p. Relative error about 1e-15.
 * Source: Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37, 1988.
 */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(AS241_A, r)) / polynomial(AS241_B, r);
  }
  const tail = q < 0 ? p : 1 - p;
  if (!(tail > 0))
    return tail === 0 ? (q < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number.NaN;
  const r = Math.sqrt(-ln(tail));
  const z =
    r <= 5
      ? polynomial(AS241_C, r - 1.6) / polynomial(AS241_D, r - 1.6)
      : polynomial(AS241_E, r - 5) / polynomial(AS241_F, r - 5);
  return q < 0 ? -z : z;
}

/**
 * The probability that a standard normal variable is at most x. The lower tail keeps its relative accuracy, about
 * 1e-15; for the upper tail use normalCdf(−x).
 * Source: Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23, 1969, in the form of
 * pnorm.
 */
export function normalCdf(x: number): number {
  const distance = Math.abs(x);
  if (distance <= 0.67448975) {
    const square = x * x;
    return 0.5 + (x * polynomial(CODY_A, square)) / polynomial(CODY_B, square);
  }
  if (distance > 38.6) return x < 0 ? 0 : 1;
  if (Number.isNaN(x)) return x;
  const inner =
    distance <= 5.656854249492381
      ? polynomial(CODY_C, distance) / polynomial(CODY_D, distance)
      : farRatio(distance);
  // e^(−x²/2) in two factors: the rounding of x² would cost as many digits as it has before the point.
  const coarse = Math.floor(distance * 16) / 16;
  const rest = (distance - coarse) * (distance + coarse);
  const tail = exp(-0.5 * coarse * coarse) * exp(-0.5 * rest) * inner;
  return x < 0 ? tail : 1 - tail;
}

function farRatio(distance: number): number {
  const inverse = 1 / (distance * distance);
  const ratio = (inverse * polynomial(CODY_P, inverse)) / polynomial(CODY_Q, inverse);
  return (1 / SQRT_2_PI - ratio) / distance;
}

/** Coefficients ascending. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) sum = sum * x + coefficients[index]!;
  return sum;
}

/**
 * ln x as an unevaluated sum of two doubles, for 0 < x < ∞. With x = m × 2^k, m near 1, and s = (m − 1) / (m + 1):
 * ln m = 2s + 2s³/3 + 2s⁵/5 + …; only the first term needs the second double.
 */
function lnInTwoParts(x: number): [high: number, low: number] {
  let exponent = 0;
  bits.setFloat64(0, x);
  if (x < SMALLEST_NORMAL) {
    bits.setFloat64(0, x * TWO_TO_64);
    exponent = -64;
  }
  const upper = bits.getInt32(0);
  exponent += (upper >> 20) - 1023;
  bits.setInt32(0, (upper & 0xf_ffff) | 0x3ff0_0000);
  let m = bits.getFloat64(0);
  if (m >= SQRT_2) {
    m /= 2;
    exponent += 1;
  }
  const f = m - 1;
  const divisor = 2 + f;
  const divisorError = f - (divisor - 2);
  const s = f / divisor;
  const product = s * divisor;
  const remainder = f - product - productError(s, divisor, product) - s * divisorError;
  const sLow = remainder / divisor;
  const square = s * s;
  const tail = 2 * (s * (square * polynomial(ATANH, square)) + sLow);
  // Sum exponent × ln 2 (exact in its upper part) and 2s, largest first, keeping what the rounding drops.
  const base = exponent * LN_2_HIGH;
  const head = 2 * s;
  const high = base + head;
  const low = exponent === 0 ? 0 : head - (high - base);
  return twoParts(high, low + (tail + exponent * LN_2_LOW));
}

/** 1/3, 1/5, 1/7, …: atanh s = s + s³/3 + s⁵/5 + …; with s² ≤ 0.0295 the first term left out is below 2^-70. */
const ATANH: readonly number[] = Array.from({ length: 12 }, (_, index) => 1 / (2 * index + 3));

/** 1/2!, 1/3!, …: with |r| ≤ 0.347 the first term left out is below 2^-70. */
const FACTORIALS: readonly number[] = (() => {
  const inverse: number[] = [];
  for (let n = 2, factorial = 2; n <= 16; n++, factorial *= n) inverse.push(1 / factorial);
  return inverse;
})();

/** exp(high + low), |low| much smaller than 1. */
function expOfTwoParts(high: number, low: number): number {
  if (!(high < 710)) return high >= 710 ? Number.POSITIVE_INFINITY : high;
  if (high < -746) return 0;
  const k = Math.floor(high / LN_2_HIGH + 0.5);
  const upper = high - k * LN_2_HIGH;
  const correction = low - k * LN_2_LOW;
  const r = upper + correction;
  const rError = upper - r + correction;
  const result = 1 + (r + (r * r * polynomial(FACTORIALS, r) + rError * (1 + r)));
  return timesPowerOfTwo(result, k);
}

/**
 * x × 2^k for 0.5 < x < 2 and −1100 < k ≤ 1024; rounds at most once, in the last step and below the normal
 * numbers.
 */
function timesPowerOfTwo(x: number, k: number): number {
  if (k > 1000) return x * powerOfTwo(1000) * powerOfTwo(k - 1000);
  if (k < -1000) return x * powerOfTwo(k + 200) * powerOfTwo(-200);
  return x * powerOfTwo(k);
}

/** 2^k for −1022 ≤ k ≤ 1023, put together from its exponent bits. */
function powerOfTwo(k: number): number {
  bits.setInt32(0, (k + 1023) << 20);
  bits.setInt32(4, 0);
  return bits.getFloat64(0);
}

function twoParts(a: number, b: number): [high: number, low: number] {
  const high = a + b;
  return [high, a - high + b];
}

/** a × b − product, exactly, where product is the rounded a × b (Dekker 1971). */
function productError(a: number, b: number, product: number): number {
  const aHigh = upperHalf(a);
  const aLow = a - aHigh;
  const bHigh = upperHalf(b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function upperHalf(a: number): number {
  const shifted = SPLITTER * a;
  return shifted - (shifted - a);
}

// biome-ignore-start lint/correctness/noPrecisionLoss: published coefficients, digit for digit.
const AS241_A = [
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
  45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
];
const AS241_B = [
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
  39307.89580009271061, 28729.085735721942674, 5226.495278852545925,
];
const AS241_C = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
  1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
];
const AS241_D = [
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
  0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const AS241_E = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
  0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const AS241_F = [
  1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];
const CODY_A = [
  18154.981253343561249, 1067.6894854603709582, 161.02823106855587881, 2.2352520354606839287,
  0.065682337918207449113,
];
const CODY_B = [45507.789335026729956, 10260.932208618978205, 976.09855173777669322, 47.20258190468824187, 1];
const CODY_C = [
  9842.7148383839780218, 11602.651437647350124, 6848.1904505362823326, 2494.5375852903726711,
  597.27027639480026226, 93.506656132177855979, 8.8831497943883759412, 0.39894151208813466764,
  1.0765576773720192317e-8,
];
const CODY_D = [
  19685.429676859990727, 38912.003286093271411, 34900.952721145977266, 18615.571640885098091,
  6485.558298266760755, 1519.377599407554805, 235.38790178262499861, 22.266688044328115691, 1,
];
const CODY_P = [
  2.9112874951168792e-5, 0.001421619193227893466, 0.022235277870649807, 0.1274011611602473639,
  0.21589853405795699, 0.02307344176494017303,
];
const CODY_Q = [
  7.29751555083966205e-5, 0.00378239633202758244, 0.0659881378689285515, 0.468238212480865118,
  1.28426009614491121, 1,
];
// biome-ignore-end lint/correctness/noPrecisionLoss: published coefficients, digit for digit.
