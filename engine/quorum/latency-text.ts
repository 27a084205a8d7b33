/**
 * Latencies as people write them on one line: a preset's name, or a distribution for each of the four ways.
 *
 * ```ts
 * parseQuorumLatency('lnkd-disk');
 * parseQuorumLatency('W=0.38*pareto(1.05,1.51)+0.62*exp(rate=0.183) A=R=S=lognormal(0.3,2) remote=75');
 * ```
 */

import { type LatencySpec, latencyProblems } from '../kernel/latency-spec.ts';
import { InputError, nearest, type Problem, showValue, unknownName } from '../scenario/problems.ts';
import { type QuorumLatency, quorumLatencies } from './latency.ts';

interface DistributionForm {
  /** In the order in which they may stand without their names; the first two of exp exclude each other. */
  readonly parameters: readonly string[];
  readonly usage: string;
  readonly spec: (values: ReadonlyMap<string, number>) => LatencySpec | undefined;
}

const forms: Readonly<Record<string, DistributionForm>> = {
  exp: {
    parameters: ['mean', 'rate'],
    usage: 'exp(mean) in ms, or exp(rate=…) per ms',
    spec: (values) => {
      const mean = values.get('mean');
      const rate = values.get('rate');
      if ((mean === undefined) === (rate === undefined)) return undefined;
      return { type: 'exponential', meanUs: mean === undefined ? 1000 / rate! : mean * 1000 };
    },
  },
  pareto: {
    parameters: ['min', 'shape'],
    usage: 'pareto(min, shape), min in ms',
    spec: withBoth('min', 'shape', (min, shape) => ({ type: 'pareto', scaleUs: min * 1000, shape })),
  },
  lognormal: {
    parameters: ['median', 'p99'],
    usage: 'lognormal(median, p99) in ms',
    spec: withBoth('median', 'p99', (median, p99) => ({
      type: 'log-normal',
      medianUs: median * 1000,
      p99Us: p99 * 1000,
    })),
  },
  uniform: {
    parameters: ['min', 'max'],
    usage: 'uniform(min, max) in ms',
    spec: withBoth('min', 'max', (min, max) => ({ type: 'uniform', minUs: min * 1000, maxUs: max * 1000 })),
  },
};

function withBoth(
  first: string,
  second: string,
  spec: (first: number, second: number) => LatencySpec,
): DistributionForm['spec'] {
  return (values) => {
    const one = values.get(first);
    const other = values.get(second);
    return one === undefined || other === undefined ? undefined : spec(one, other);
  };
}

const ways = { W: 'write', A: 'ack', R: 'request', S: 'response' } as const;
const names = [...Object.keys(ways), 'remote'];

/** Throws InputError with what was found and what was expected, at ['latency'] or at one of the ways. */
export function parseQuorumLatency(text: string): QuorumLatency {
  const preset = Object.entries(quorumLatencies).find(([name]) => name === text.trim().toLowerCase());
  if (preset !== undefined) return preset[1];
  if (!text.includes('=')) {
    const problem = unknownName(text, 'a preset', Object.keys(quorumLatencies), ['latency']);
    const expected = `${problem.expected}; or distributions, as in W=exp(10) A=R=S=exp(1)`;
    throw new InputError('quorum', [{ ...problem, expected }]);
  }
  return new Parser(text).latency();
}

/** A word, a number, or one other character. */
const token = /\s*(?:([A-Za-z][A-Za-z0-9-]*)|(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)|(\S))/gy;

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = [...text.matchAll(token)].map((match) => match[0].trim());
  }

  latency(): QuorumLatency {
    const given = new Map<string, LatencySpec>();
    let remoteUs: number | undefined;
    while (this.#at < this.#tokens.length) {
      if (this.#takes(',') || this.#takes(';')) continue;
      const assigned: string[] = [];
      while (names.includes(this.#peek()) && this.#tokens[this.#at + 1] === '=') {
        assigned.push(this.#next());
        this.#next();
      }
      if (assigned.length === 0)
        this.#fail(['latency'], `a way and its distribution: ${names.join(', ')}, each with =`, names);
      for (const name of assigned) {
        if (given.has(name) || (name === 'remote' && remoteUs !== undefined))
          fail(['latency', name], 'a second time', 'each way once');
      }
      if (assigned.includes('remote')) {
        if (assigned.length > 1) fail(['latency', 'remote'], 'among ways', 'remote=… by itself');
        remoteUs = this.#number(['latency', 'remote'], 'milliseconds') * 1000;
        continue;
      }
      const spec = this.#sum(['latency', assigned.join('=')]);
      for (const name of assigned) given.set(name, spec);
    }
    const missing = Object.keys(ways).filter((name) => !given.has(name));
    if (missing.length > 0)
      fail(['latency'], `nothing for ${missing.join(', ')}`, 'a distribution for each of W, A, R, S');
    const of = (name: keyof typeof ways) => given.get(name)!;
    return { write: of('W'), ack: of('A'), request: of('R'), response: of('S'), remoteUs: remoteUs ?? 0 };
  }

  /** One distribution, or several with a weight each. */
  #sum(path: Problem['path']): LatencySpec {
    const parts: { weight: number | undefined; latency: LatencySpec }[] = [];
    do parts.push(this.#part(path));
    while (this.#takes('+'));
    const only = parts[0]!;
    const spec: LatencySpec =
      parts.length === 1 && only.weight === undefined
        ? only.latency
        : {
            type: 'mixture',
            components: parts.map(({ weight, latency }) => {
              if (weight === undefined)
                fail(path, 'a sum without weights', 'weights, as in 0.9*exp(1) + 0.1*exp(20)');
              return { weight: weight!, latency };
            }),
          };
    const problem = latencyProblems(spec)[0];
    if (problem !== undefined) fail([...path, ...problem.path], problem.found, problem.expected);
    return spec;
  }

  #part(path: Problem['path']): { weight: number | undefined; latency: LatencySpec } {
    if (!isNumber(this.#peek())) return { weight: undefined, latency: this.#form(path) };
    const value = Number(this.#next());
    if (!this.#takes('*')) return { weight: undefined, latency: { type: 'constant', delayUs: value * 1000 } };
    if (!isNumber(this.#peek())) return { weight: value, latency: this.#form(path) };
    return {
      weight: value,
      latency: { type: 'constant', delayUs: this.#number(path, 'milliseconds') * 1000 },
    };
  }

  #form(path: Problem['path']): LatencySpec {
    const known = Object.keys(forms);
    const form = forms[this.#peek().toLowerCase()];
    if (form === undefined || !Object.hasOwn(forms, this.#peek().toLowerCase()))
      return this.#fail(path, `milliseconds or one of ${known.join(', ')}`, known);
    this.#next();
    if (!this.#takes('(')) this.#fail(path, form.usage, []);
    const values = new Map<string, number>();
    do {
      const isNamed = this.#tokens[this.#at + 1] === '=';
      const name = isNamed ? this.#next() : form.parameters[values.size];
      if (isNamed) this.#next();
      if (name === undefined || !form.parameters.includes(name) || values.has(name))
        fail(path, isNamed ? showValue(name) : 'one parameter too many', form.usage);
      values.set(name!, this.#number(path, form.usage));
    } while (this.#takes(','));
    if (!this.#takes(')')) this.#fail(path, `) after ${form.usage}`, []);
    return form.spec(values) ?? fail(path, `parameters ${[...values.keys()].join(' and ')}`, form.usage);
  }

  #number(path: Problem['path'], expected: string): number {
    if (!isNumber(this.#peek())) this.#fail(path, expected, []);
    return Number(this.#next());
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  #takes(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#at++;
    return true;
  }

  #fail(path: Problem['path'], expected: string, candidates: readonly string[]): never {
    const found = this.#peek();
    const near = nearest(found, candidates);
    const hint = near === undefined || near === found ? undefined : `did you mean ${near}?`;
    return fail(path, found === '' ? 'the end' : showValue(found), expected, hint);
  }
}

function isNumber(text: string): boolean {
  return /^[\d.]/.test(text) && text !== '.';
}

function fail(path: Problem['path'], found: string, expected: string, hint?: string): never {
  throw new InputError('quorum', [{ path, found, expected, ...(hint !== undefined && { hint }) }]);
}
