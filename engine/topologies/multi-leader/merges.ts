/**
 * Merge functions of the application's own. A leader that is given a change in conflict with what it shows calls the function
 * with the two, what is there and what comes, and shows the result. Nobody else hears of that: every leader merges by itself.
 *
 * So leaders agree only if it does not matter which of the two is there and which comes (commutative), nor in what order
 * several come (associative). `mergeLaws` looks for a counterexample; a run of leaders that differ in the end tells it.
 * What one leader merges are the changes themselves, each once: that joining one twice changes nothing (idempotent) matters
 * where merged values are merged again, which no run does.
 *
 * ```ts
 * registerMerge('lowest-price', (one, other) => Math.min(one, other)); // then in a scenario: resolve: { merge: lowest-price }
 * mergeLaws((one, other) => one); // { commutative: 'f(0, 1) is 0 and f(1, 0) is 1', associative: null, idempotent: null }
 * ```
 */

/** From two integers of 32 bits one: pure, and for the same two always the same. */
export type MergeFunction = (there: number, comes: number) => number;

const registered = new Map<string, MergeFunction>([
  ['smallest', (there, comes) => Math.min(there, comes)],
  ['average', (there, comes) => Math.trunc((there + comes) / 2)],
  ['what-is-there', (there) => there],
]);

/** Lets scenarios name a function, in this process: workers have to be told too. Throws RangeError where the name is taken by another. */
export function registerMerge(name: string, merge: MergeFunction): void {
  const known = registered.get(name);
  if (known !== undefined && known !== merge)
    throw new RangeError(`there is another merge function of the name ${name} already`);
  registered.set(name, merge);
}

/** Names that scenarios may use, in the order in which they became known. */
export function mergeNames(): string[] {
  return [...registered.keys()];
}

/** Throws RangeError for a name that nobody has registered. */
export function mergeNamed(name: string): MergeFunction {
  const merge = registered.get(name);
  if (merge === undefined) throw new RangeError(`there is no merge function of the name ${name}`);
  return (there, comes) => {
    const merged = merge(there, comes);
    if ((merged | 0) === merged) return merged;
    throw new RangeError(
      `merge function ${name} made ${merged} of ${there} and ${comes}, expected an integer of 32 bits`,
    );
  };
}

/** Of each law a counterexample, null where none was found among integers small and large. */
export interface MergeLaws {
  readonly commutative: string | null;
  readonly associative: string | null;
  readonly idempotent: string | null;
}

const tried = [0, 1, 2, 3, 5, 8, 13, -1, -2, -7, 100, 1000, -1000, 123_456_789];

export function mergeLaws(merge: MergeFunction): MergeLaws {
  let commutative: string | null = null;
  let associative: string | null = null;
  let idempotent: string | null = null;
  for (const a of tried) {
    if (merge(a, a) !== a) idempotent ??= `f(${a}, ${a}) is ${merge(a, a)}`;
    for (const b of tried) {
      const [one, other] = [merge(a, b), merge(b, a)];
      if (one !== other) commutative ??= `f(${a}, ${b}) is ${one} and f(${b}, ${a}) is ${other}`;
      for (const c of tried) {
        const [left, right] = [merge(merge(a, b), c), merge(a, merge(b, c))];
        if (left !== right)
          associative ??= `f(f(${a}, ${b}), ${c}) is ${left} and f(${a}, f(${b}, ${c})) is ${right}`;
      }
    }
  }
  return { commutative, associative, idempotent };
}
