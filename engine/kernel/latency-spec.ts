/**
 * How a latency distribution is written down, checked and described. Tables of it are built in `latency.ts`.
 *
 * ```ts
 * describeLatency({ type: 'log-normal', medianUs: 500, p99Us: 5_000 }); // log-normal, median 0.5 ms, p99 5 ms
 * ```
 */

/** A distribution of delays. Quantities are µs ≥ 0, fractions allowed; samples are whole µs, at most 2^31 − 1. */
export type LatencySpec =
  /** Always the same delay. */
  | { readonly type: 'constant'; readonly delayUs: number }
  /** Every delay from minUs to maxUs equally likely. */
  | { readonly type: 'uniform'; readonly minUs: number; readonly maxUs: number }
  /** shiftUs (default 0) plus an exponential wait of mean meanUs; P(X > shiftUs + x) = e^(−x / meanUs). */
  | { readonly type: 'exponential'; readonly meanUs: number; readonly shiftUs?: number }
  /** Never below scaleUs; P(X > x) = (scaleUs / x)^shape, shape > 0. The mean is finite for shape > 1 only. */
  | { readonly type: 'pareto'; readonly scaleUs: number; readonly shape: number }
  /** The logarithm is normal around that of medianUs, with standard deviation sigma or so that p99 is p99Us. */
  | { readonly type: 'log-normal'; readonly medianUs: number; readonly p99Us: number }
  | { readonly type: 'log-normal'; readonly medianUs: number; readonly sigma: number }
  /** One of the components, chosen in proportion to its weight; the weights need not add up to 1. */
  | { readonly type: 'mixture'; readonly components: readonly WeightedLatency[] }
  /**
   * Measured percentiles, ascending. Up to p50, and towards a p100, values lie evenly between two points; above p50
   * they thin out exponentially. Beyond the last point, if that is not p100, the last stretch's exponential goes
   * on. Below the first, if that is not p0, every value is the first one: nothing faster than measured is made up.
   */
  | { readonly type: 'empirical'; readonly points: readonly LatencyPoint[] }
  /**
   * factor (default 1) times a delay of another distribution, plus shiftUs (default 0, may be negative), at least
   * 0.
   */
  | {
      readonly type: 'scaled';
      readonly of: LatencySpec;
      readonly factor?: number;
      readonly shiftUs?: number;
    };

export interface WeightedLatency {
  readonly weight: number;
  readonly latency: LatencySpec;
}

/** `percentile` percent of all delays are at most `delayUs`; 0 ≤ percentile ≤ 100. */
export interface LatencyPoint {
  readonly percentile: number;
  readonly delayUs: number;
}

/** What is wrong with a specification, and where: the path of keys inside it. */
export interface LatencyProblem {
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly expected: string;
}

/** The longest delay a table can hold. */
export const MAX_LATENCY_US = 0x7fff_ffff;

/** The distribution in people's words and milliseconds. */
export function describeLatency(spec: LatencySpec): string {
  switch (spec.type) {
    case 'constant':
      return `always ${ms(spec.delayUs)}`;
    case 'uniform':
      return `evenly ${ms(spec.minUs)} to ${ms(spec.maxUs)}`;
    case 'exponential':
      return `exponential, mean ${ms(spec.meanUs)}${spec.shiftUs ? `, plus ${ms(spec.shiftUs)}` : ''}`;
    case 'pareto':
      return `Pareto, at least ${ms(spec.scaleUs)}, shape ${spec.shape}`;
    case 'log-normal':
      return `log-normal, median ${ms(spec.medianUs)}, ${'p99Us' in spec ? `p99 ${ms(spec.p99Us)}` : `sigma ${spec.sigma}`}`;
    case 'mixture': {
      const total = totalWeight(spec.components);
      return spec.components
        .map(({ weight, latency }) => `${rounded((100 * weight) / total)}% ${inBrackets(latency)}`)
        .join(' or ');
    }
    case 'empirical':
      return `measured, ${spec.points.map((point) => `p${point.percentile} ${ms(point.delayUs)}`).join(', ')}`;
    case 'scaled': {
      const factor = spec.factor ?? 1;
      const shiftUs = spec.shiftUs ?? 0;
      const times = factor === 1 ? '' : factor === 0.5 ? 'half of ' : `${factor} times `;
      const plus = shiftUs === 0 ? '' : `${shiftUs > 0 ? ' plus' : ' minus'} ${ms(Math.abs(shiftUs))}`;
      return `${times}${inBrackets(spec.of)}${plus}`;
    }
  }
}

function inBrackets(spec: LatencySpec): string {
  return `(${describeLatency(spec)})`;
}

function ms(us: number): string {
  return `${rounded(us / 1000)} ms`;
}

function rounded(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

/** Everything wrong with a specification, in its own order; empty when tables can be built from it. */
export function latencyProblems(spec: LatencySpec): LatencyProblem[] {
  const problems: LatencyProblem[] = [];
  collectProblems(spec, [], problems);
  return problems;
}

function collectProblems(
  spec: LatencySpec,
  path: readonly (string | number)[],
  problems: LatencyProblem[],
): void {
  const report = (keys: readonly (string | number)[], found: unknown, expected: string) => {
    problems.push({ path: [...path, ...keys], found: String(found), expected });
  };
  const duration = (key: string, value: number) => {
    if (!(value >= 0 && value <= MAX_LATENCY_US)) report([key], value, 'a duration from 0 to 2147 s');
  };
  switch (spec.type) {
    case 'constant':
      duration('delayUs', spec.delayUs);
      return;
    case 'uniform':
      duration('minUs', spec.minUs);
      duration('maxUs', spec.maxUs);
      if (spec.maxUs < spec.minUs) report(['maxUs'], spec.maxUs, `at least minUs, ${spec.minUs}`);
      return;
    case 'exponential':
      duration('meanUs', spec.meanUs);
      duration('shiftUs', spec.shiftUs ?? 0);
      return;
    case 'pareto':
      duration('scaleUs', spec.scaleUs);
      if (!(spec.shape > 0 && spec.shape < 1e6)) report(['shape'], spec.shape, 'a number above 0');
      return;
    case 'log-normal':
      duration('medianUs', spec.medianUs);
      if ('sigma' in spec) {
        if (!(spec.sigma >= 0 && spec.sigma <= 50)) report(['sigma'], spec.sigma, 'a number from 0 to 50');
        return;
      }
      duration('p99Us', spec.p99Us);
      if (spec.p99Us < spec.medianUs) report(['p99Us'], spec.p99Us, `at least medianUs, ${spec.medianUs}`);
      if (spec.medianUs === 0 && spec.p99Us > 0) report(['medianUs'], 0, 'a duration above 0, as p99Us is');
      return;
    case 'mixture':
      if (spec.components.length === 0) report(['components'], 'empty', 'at least one component');
      spec.components.forEach(({ weight, latency }, index) => {
        if (!(weight > 0 && weight < 1e12))
          report(['components', index, 'weight'], weight, 'a number above 0');
        collectProblems(latency, [...path, 'components', index, 'latency'], problems);
      });
      return;
    case 'empirical':
      if (spec.points.length === 0) report(['points'], 'empty', 'at least one point');
      spec.points.forEach(({ percentile, delayUs }, index) => {
        const before = spec.points[index - 1];
        if (!(percentile >= 0 && percentile <= 100)) {
          report(['points', index, 'percentile'], percentile, 'a number from 0 to 100');
        } else if (before !== undefined && !(percentile > before.percentile)) {
          report(
            ['points', index, 'percentile'],
            percentile,
            `more than the one before, ${before.percentile}`,
          );
        }
        if (!(delayUs >= 0 && delayUs <= MAX_LATENCY_US)) {
          report(['points', index, 'delayUs'], delayUs, 'a duration from 0 to 2147 s');
        } else if (before !== undefined && delayUs < before.delayUs) {
          report(['points', index, 'delayUs'], delayUs, `at least the one before, ${before.delayUs}`);
        }
      });
      return;
    case 'scaled':
      if (spec.factor !== undefined && !(spec.factor >= 0 && spec.factor <= 1e6)) {
        report(['factor'], spec.factor, 'a number from 0 to 1000000');
      }
      if (spec.shiftUs !== undefined && !(Math.abs(spec.shiftUs) <= MAX_LATENCY_US)) {
        report(['shiftUs'], spec.shiftUs, 'a duration from -2147 to 2147 s');
      }
      collectProblems(spec.of, [...path, 'of'], problems);
      return;
  }
}

/** Of all components; a component's share is its weight divided by this. */
export function totalWeight(components: readonly WeightedLatency[]): number {
  let total = 0;
  for (const component of components) total += component.weight;
  return total;
}
