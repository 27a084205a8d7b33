import { pow } from '../kernel/exact-math.ts';
import { type Out, pick } from '../kernel/protocol.ts';

/** Chooses a key, 0 ≤ key < count, with draws from one of the node's streams. */
export interface KeyChooser {
  readonly count: number;
  choose(chance: Pick<Out, 'draw'>, stream: number): number;
}

/** The same choice among keys that begin with another than 0. */
export function keysFrom(first: number, keys: KeyChooser): KeyChooser {
  if (first === 0) return keys;
  return { count: keys.count, choose: (chance, stream) => first + keys.choose(chance, stream) };
}

/** Key 0, then 1, and so on, and again from the first, whichever group asks. */
export function keysInTurn(count: number): KeyChooser {
  let next = 0;
  return {
    count,
    choose: () => {
      const key = next;
      next = key + 1 === count ? 0 : key + 1;
      return key;
    },
  };
}

export function uniformKeys(count: number): KeyChooser {
  return { count, choose: (chance, stream) => pick(chance.draw(stream), count) };
}

/**
 * Key k with a probability in proportion to 1 / (k + 1)^exponent, by the alias method: two draws, one comparison,
 * whatever the number of keys. Source: Vose, A linear algorithm for generating random numbers with a given
 * distribution, IEEE TSE 1991.
 */
export function zipfKeys(count: number, exponent: number): KeyChooser {
  const weights = Float64Array.from({ length: count }, (_, key) => 1 / pow(key + 1, exponent));
  let total = 0;
  for (const weight of weights) total += weight;
  const scaled = weights.map((weight) => (weight * count) / total);
  const small: number[] = [];
  const large: number[] = [];
  for (let key = 0; key < count; key++) (scaled[key]! < 1 ? small : large).push(key);
  const threshold = new Float64Array(count).fill(0x1_0000_0000);
  const alias = Int32Array.from({ length: count }, (_, key) => key);
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!;
    const more = large[large.length - 1]!;
    threshold[less] = Math.round(scaled[less]! * 0x1_0000_0000);
    alias[less] = more;
    scaled[more]! -= 1 - scaled[less]!;
    if (scaled[more]! < 1) small.push(large.pop()!);
  }
  return {
    count,
    choose(chance, stream) {
      const key = pick(chance.draw(stream), count);
      return chance.draw(stream) >>> 0 < threshold[key]! ? key : alias[key]!;
    },
  };
}
