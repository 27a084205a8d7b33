/**
 * Latency distributions as functions: quantiles in closed form, and for a mixture by searching the inverse of its
 * distribution function between the places where that is not smooth.
 */

import { exp, expm1, inverseNormal, ln, ln1p, normalCdf, pow } from './exact-math.ts';
import {
  type LatencyPoint,
  type LatencySpec,
  MAX_LATENCY_US,
  totalWeight,
  type WeightedLatency,
} from './latency-spec.ts';

/**
 * A distribution as functions. Probabilities come in pairs, p and q = 1 − p, so that both tails keep their digits.
 */
export interface Distribution {
  /** The value that is exceeded with probability q; `near` is a guess that may speed up the search. */
  quantile(p: number, q: number, near: number): number;
  /** P(X ≤ x) */
  atMost(x: number): number;
  /** P(X > x) */
  above(x: number): number;
  /** P(X = x) */
  mass(x: number): number;
  /** Ascending: the ends of the support and every place where it is not smooth. */
  readonly landmarks: readonly number[];
}

/** The distribution of a specification without problems, see `latencyProblems`. Its values are not capped. */
export function distributionOf(spec: LatencySpec): Distribution {
  switch (spec.type) {
    case 'constant':
      return atom(spec.delayUs);
    case 'uniform':
      return spec.minUs === spec.maxUs ? atom(spec.minUs) : uniform(spec.minUs, spec.maxUs);
    case 'exponential':
      return spec.meanUs === 0 ? atom(spec.shiftUs ?? 0) : exponential(spec.meanUs, spec.shiftUs ?? 0);
    case 'pareto':
      return spec.scaleUs === 0 ? atom(0) : pareto(spec.scaleUs, spec.shape);
    case 'log-normal': {
      const sigma = 'sigma' in spec ? spec.sigma : ln(spec.p99Us / spec.medianUs) / -inverseNormal(0.01);
      return spec.medianUs === 0 || sigma === 0 ? atom(spec.medianUs) : logNormal(spec.medianUs, sigma);
    }
    case 'mixture':
      return mixture(spec.components);
    case 'empirical':
      return empirical(spec.points);
    case 'scaled': {
      const of = distributionOf(spec.of);
      const factor = spec.factor ?? 1;
      const shiftUs = spec.shiftUs ?? 0;
      return factor === 0 ? atom(Math.max(shiftUs, 0)) : scaled(of, factor, shiftUs);
    }
  }
}

function atom(value: number): Distribution {
  return {
    quantile: () => value,
    atMost: (x) => (x >= value ? 1 : 0),
    above: (x) => (x >= value ? 0 : 1),
    mass: (x) => (x === value ? 1 : 0),
    landmarks: [value],
  };
}

function uniform(min: number, max: number): Distribution {
  const share = (part: number) => Math.min(Math.max(part / (max - min), 0), 1);
  return {
    quantile: (p, q) => (p < q ? min + (max - min) * p : max - (max - min) * q),
    atMost: (x) => share(x - min),
    above: (x) => share(max - x),
    mass: () => 0,
    landmarks: [min, max],
  };
}

function exponential(mean: number, shift: number): Distribution {
  return {
    quantile: (p, q) => shift - mean * (p < q ? ln1p(-p) : ln(q)),
    atMost: (x) => (x <= shift ? 0 : -expm1((shift - x) / mean)),
    above: (x) => (x <= shift ? 1 : exp((shift - x) / mean)),
    mass: () => 0,
    landmarks: [shift],
  };
}

function pareto(scale: number, shape: number): Distribution {
  return {
    quantile: (p, q) => (p < q ? scale * exp(-ln1p(-p) / shape) : scale * pow(q, -1 / shape)),
    atMost: (x) => (x <= scale ? 0 : -expm1(shape * ln(scale / x))),
    above: (x) => (x <= scale ? 1 : pow(scale / x, shape)),
    mass: () => 0,
    landmarks: [scale],
  };
}

function logNormal(median: number, sigma: number): Distribution {
  const z = (x: number) => ln(x / median) / sigma;
  return {
    quantile: (p, q) => median * exp(sigma * (p < q ? inverseNormal(p) : -inverseNormal(q))),
    atMost: (x) => (x <= 0 ? 0 : normalCdf(z(x))),
    above: (x) => (x <= 0 ? 1 : normalCdf(-z(x))),
    mass: () => 0,
    landmarks: [0],
  };
}

function scaled(of: Distribution, factor: number, shift: number): Distribution {
  const inside = (x: number) => (x - shift) / factor;
  const outside = (x: number) => Math.max(factor * x + shift, 0);
  // A negative shift piles up at 0 whatever it pushes below.
  const atZero = shift < 0 ? of.atMost(inside(0)) : of.mass(inside(0));
  const landmarks = of.landmarks.map(outside);
  // The way back through `inside` may miss an atom by a rounding error, so atoms are looked up by landmark.
  const original = new Map(of.landmarks.map((x) => [outside(x), x]));
  const back = (x: number) => original.get(x) ?? inside(x);
  return {
    quantile: (p, q, near) => outside(of.quantile(p, q, Math.max(inside(near), 0))),
    atMost: (x) => (x < 0 ? 0 : x === 0 ? of.atMost(inside(0)) : of.atMost(back(x))),
    above: (x) => (x < 0 ? 1 : x === 0 ? of.above(inside(0)) : of.above(back(x))),
    mass: (x) => (x === 0 ? atZero : of.mass(back(x))),
    landmarks: shift < 0 ? ascending([0, ...landmarks]) : landmarks,
  };
}

function empirical(points: readonly LatencyPoint[]): Distribution {
  const values = points.map((point) => point.delayUs);
  const shares = points.map((point) => point.percentile / 100);
  const rests = points.map((point) => (100 - point.percentile) / 100);
  const end = points.length - 1;
  const isClosed = rests[end] === 0;
  const thinsOut = (index: number) => shares[index]! >= 0.5 && rests[index + 1]! > 0;
  // Beyond the last point: the values one factor e of probability apart, taken from the last stretch.
  const slope =
    end > 0 && !isClosed ? (values[end]! - values[end - 1]!) / ln(rests[end - 1]! / rests[end]!) : 0;

  /** The share of the stretch from point `index` to the next that lies below a probability, and the reverse. */
  const partOf = (index: number, p: number, q: number) =>
    thinsOut(index)
      ? ln(rests[index]! / q) / ln(rests[index]! / rests[index + 1]!)
      : p < q
        ? (p - shares[index]!) / (shares[index + 1]! - shares[index]!)
        : (rests[index]! - q) / (rests[index]! - rests[index + 1]!);
  const restAfter = (index: number, part: number) =>
    thinsOut(index)
      ? rests[index]! * exp(-part * ln(rests[index]! / rests[index + 1]!))
      : rests[index]! - part * (rests[index]! - rests[index + 1]!);

  const above = (x: number) => {
    if (x < values[0]!) return 1;
    if (x >= values[end]!) return slope > 0 ? rests[end]! * exp((values[end]! - x) / slope) : 0;
    const index = values.findLastIndex((value) => value <= x);
    return restAfter(index, (x - values[index]!) / (values[index + 1]! - values[index]!));
  };
  const atMost = (x: number) => {
    if (x < values[0]! || x >= values[end]!) return 1 - above(x);
    const index = values.findLastIndex((value) => value <= x);
    if (thinsOut(index)) return 1 - above(x);
    const part = (x - values[index]!) / (values[index + 1]! - values[index]!);
    return shares[index]! + part * (shares[index + 1]! - shares[index]!);
  };
  /** P(X < x) at a point's value: equal values of several points, or those before the first point, are an atom. */
  const below = (x: number) => {
    const index = values.indexOf(x);
    return index === 0 ? 0 : index > 0 ? shares[index]! : atMost(x);
  };
  return {
    quantile: (p, q) => {
      if (p <= shares[0]!) return values[0]!;
      if (q <= rests[end]!) {
        if (slope === 0) return values[end]!;
        return values[end]! + slope * ln(rests[end]! / q);
      }
      let index = 0;
      while (index + 1 < end && (p < q ? p > shares[index + 1]! : q < rests[index + 1]!)) index++;
      return values[index]! + (values[index + 1]! - values[index]!) * partOf(index, p, q);
    },
    atMost,
    above,
    mass: (x) => Math.max(atMost(x) - below(x), 0),
    landmarks: ascending(values),
  };
}

function mixture(components: readonly WeightedLatency[]): Distribution {
  const total = totalWeight(components);
  const parts = components.map(({ weight, latency }) => ({
    weight: weight / total,
    of: distributionOf(latency),
  }));
  const sum = (share: (of: Distribution) => number) => {
    let result = 0;
    for (const part of parts) result += part.weight * share(part.of);
    return result;
  };
  const atMost = (x: number) => sum((of) => of.atMost(x));
  const above = (x: number) => sum((of) => of.above(x));
  const mass = (x: number) => sum((of) => of.mass(x));
  const landmarks = ascending(parts.flatMap((part) => part.of.landmarks));
  const known = landmarks.map((x) => ({ x, p: atMost(x), q: above(x), mass: mass(x) }));

  const quantile = (p: number, q: number, near: number): number => {
    if (p === 0) return landmarks[0]!;
    if (q === 0) return Math.max(...parts.map((part) => part.of.quantile(1, 0, near)));
    const isBelow = (mark: { p: number; q: number }) => (p < q ? mark.p < p : mark.q > q);
    const index = known.findLastIndex(isBelow);
    const next = known[index + 1];
    // At an atom the distribution function jumps from below p to p or beyond it.
    if (next !== undefined && (p < q ? next.p - next.mass <= p : next.q + next.mass >= q)) return next.x;
    if (index < 0) return landmarks[0]!;
    // P(X ≤ x) − p, by whichever tail is the smaller.
    const excess = p < q ? (x: number) => atMost(x) - p : (x: number) => q - above(x);
    return searchRoot(excess, known[index]!.x, next?.x ?? Number.POSITIVE_INFINITY, near);
  };
  return { quantile, atMost, above, mass, landmarks };
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/**
 * The zero of a growing function between `from` and `to` (which may be infinite), near a guess: a bracket that
 * doubles outwards from the guess, then Chandrupatla's mixture of inverse quadratic interpolation and bisection
 * (Advances in Engineering Software 28, 1997), to 1e-11 of the value or 1e-7 µs.
 */
function searchRoot(excess: (x: number) => number, from: number, to: number, near: number): number {
  let a = Math.min(Math.max(near, from), to);
  let fa = excess(a);
  if (fa === 0) return a;
  const isBelow = fa < 0;
  let step = Math.max((a - from) / 64, a / 1024, 1e-6);
  let b = a;
  let fb = fa;
  while (fb < 0 === isBelow) {
    a = b;
    fa = fb;
    b = isBelow ? Math.min(a + step, to) : Math.max(a - step, from);
    step *= 2;
    if (b === a || b > 4 * MAX_LATENCY_US) return b;
    fb = excess(b);
  }
  let c = a;
  let fc = fa;
  let part = 0.5;
  for (let round = 0; round < 200; round++) {
    const x = a + part * (b - a);
    const fx = excess(x);
    if (fx < 0 === fa < 0) {
      c = a;
      fc = fa;
    } else {
      c = b;
      fc = fb;
      b = a;
      fb = fa;
    }
    a = x;
    fa = fx;
    const best = Math.abs(fa) < Math.abs(fb) ? a : b;
    const tolerance = (best * 1e-11 + 1e-7) / Math.abs(b - a);
    if (tolerance > 0.5 || fa === 0) return best;
    const xi = (a - b) / (c - b);
    const phi = (fa - fb) / (fc - fb);
    if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi) {
      part = (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb));
      part = Math.min(Math.max(part, tolerance), 1 - tolerance);
    } else {
      part = 0.5;
    }
  }
  return a;
}
