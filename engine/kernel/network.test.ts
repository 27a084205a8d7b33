import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildLatencyTable, type LatencySpec } from './latency.ts';
import { type LinkSettings, Network } from './network.ts';
import { Streams } from './random.ts';

function network(settings: Partial<LinkSettings> & { readonly delay?: LatencySpec } = {}, seed = 1): Network {
  const { delay = { type: 'constant', delayUs: 1000 }, ...rest } = settings;
  const link = {
    latency: buildLatencyTable(delay),
    bytesPerSecond: 0,
    loss: 0,
    duplication: 0,
    ordered: true,
    mayDuplicate: true,
    ...rest,
  };
  return new Network(['a', 'b', 'c'], new Streams(seed), () => link);
}

const [a, b, c] = [0, 1, 2];
const varying = { type: 'exponential', meanUs: 5000 } as const;

test('bandwidth: bytes take time, first in, first out (closed form)', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ afterUs: fc.nat({ max: 3000 }), bytes: fc.nat({ max: 2000 }) }), {
        maxLength: 30,
      }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.boolean(),
      (messages, bytesPerSecond, ordered) => {
        const net = network({ bytesPerSecond, ordered });
        let nowUs = 0;
        let sentUs = 0;
        for (const { afterUs, bytes } of messages) {
          nowUs += afterUs;
          sentUs = Math.max(nowUs, sentUs) + Math.ceil((bytes * 1e6) / bytesPerSecond);
          expect(net.plan(nowUs, a, b, bytes)).toBe(sentUs + 1000);
        }
      },
    ),
  );
});

test('bandwidth is each link’s own, and without it bytes take none', () => {
  const net = network({ bytesPerSecond: 1000 });
  expect([
    net.plan(0, a, b, 1000),
    net.plan(0, a, c, 1000),
    net.plan(0, b, a, 1000),
    net.plan(0, a, b, 1000),
  ]).toEqual([1_001_000, 1_001_000, 1_001_000, 2_001_000]);
  expect(network().plan(0, a, b, 1e9)).toBe(1000);
});

test('an ordered link never lets a message overtake another; an unordered one does', () => {
  const overtakings = (ordered: boolean) => {
    const net = network({ delay: varying, ordered });
    let count = 0;
    let last = 0;
    for (let message = 0; message < 1000; message++) {
      const arrivalUs = net.plan(message * 100, a, b, 0);
      if (arrivalUs < last) count++;
      last = Math.max(last, arrivalUs);
    }
    return count;
  };
  expect(overtakings(true)).toBe(0);
  expect(overtakings(false)).toBeGreaterThan(300);
});

/** Whether a count of n independent events of probability p is within five standard deviations: one in 1.7 million is not. */
function isPlausible(count: number, n: number, p: number): boolean {
  return Math.abs(count - n * p) <= 5 * Math.sqrt(n * p * (1 - p));
}

test('loss and duplication come at their rates, independently', () => {
  const n = 200_000;
  for (const [loss, duplication] of [
    [0.01, 0],
    [0, 0.02],
    [0.3, 0.1],
    [1, 0],
    [0, 1],
  ] as const) {
    const net = network({ loss, duplication, delay: varying });
    let lost = 0;
    let doubled = 0;
    let both = 0;
    for (let message = 0; message < n; message++) {
      const isLost = net.plan(0, a, b, 0) < 0;
      const isDoubled = net.duplicateUs >= 0;
      if (isLost) lost++;
      if (isDoubled) doubled++;
      if (isLost && isDoubled) both++;
    }
    expect(isPlausible(lost, n, loss)).toBe(true);
    expect(isPlausible(doubled, n, duplication)).toBe(true);
    expect(isPlausible(both, n, loss * duplication)).toBe(true);
  }
});

test('a duplicate comes after its message, and none on a cut link', () => {
  const net = network({ duplication: 1, delay: varying, ordered: false });
  for (let message = 0; message < 100; message++) {
    const arrivalUs = net.plan(0, a, b, 0);
    expect(net.duplicateUs).toBeGreaterThanOrEqual(arrivalUs);
  }
  net.cut(a, b);
  expect([net.plan(0, a, b, 0), net.duplicateUs]).toEqual([-1, -1]);
});

test('a cut is of one direction of one link', () => {
  const net = network();
  net.cut(a, b);
  expect([net.isCut(a, b), net.isCut(b, a), net.isCut(a, c)]).toEqual([true, false, false]);
  expect([net.plan(0, a, b, 0), net.plan(0, b, a, 0), net.plan(0, a, c, 0)]).toEqual([-1, 1000, 1000]);
});

test('nested cuts: each heals on its own, or all at once', () => {
  const net = network();
  net.cut(a, b);
  net.cut(a, b);
  net.heal(a, b, false);
  expect(net.isCut(a, b)).toBe(true);
  net.heal(a, b, false);
  expect(net.isCut(a, b)).toBe(false);
  net.heal(a, b, false);
  net.cut(a, b);
  expect(net.isCut(a, b)).toBe(true);
  net.cut(a, b);
  net.heal(a, b, true);
  expect(net.isCut(a, b)).toBe(false);
});

test('the delay is drawn whether or not the message arrives: nothing that befalls a link moves a later delay', () => {
  const befall: ((net: Network) => void)[] = [
    (net) => net.cut(a, b),
    (net) => net.heal(a, b, true),
    (net) => net.slow(a, b, 700),
    (net) => net.slow(a, b, 0),
    (net) => net.degrade(a, b, 0.5, 0.5),
    (net) => net.degrade(a, b, undefined, undefined),
    (net) => net.mend(),
    (net) => net.cut(b, a),
    (net) => void net.plan(0, b, a, 10),
    (net) => void net.plan(0, a, c, 10),
  ];
  fc.assert(
    fc.property(fc.array(fc.nat({ max: befall.length * 3 }), { maxLength: 60 }), (moves) => {
      const calm = network({ delay: varying, ordered: false });
      const struck = network({ delay: varying, ordered: false });
      let extraUs = 0;
      for (const move of moves) {
        if (move < befall.length) befall[move]!(struck);
        if (move === 2) extraUs = 700;
        if (move === 3 || move === 6) extraUs = 0;
        const expectedUs = calm.plan(0, a, b, 100) + extraUs;
        const arrivalUs = struck.plan(0, a, b, 100);
        expect(arrivalUs === -1 || arrivalUs === expectedUs).toBe(true);
      }
    }),
  );
});

test('a link’s chance depends on the seed and on its ends, not on when it was first used', () => {
  const draws = (net: Network, from: number, to: number) =>
    Array.from({ length: 20 }, () => net.plan(0, from, to, 0));
  const settings = { delay: varying, ordered: false };
  const first = network(settings);
  const later = network(settings);
  const direct = draws(first, a, b);
  draws(later, b, a);
  draws(later, c, b);
  expect(draws(later, a, b)).toEqual(direct);
  expect(draws(first, b, a)).not.toEqual(direct);
  expect(draws(network(settings, 2), a, b)).not.toEqual(direct);
});

test('mending ends what faults did and leaves what the settings say', () => {
  const net = network({ loss: 1 });
  net.cut(a, b);
  net.slow(a, b, 5000);
  net.degrade(a, b, 0, 0);
  net.mend();
  expect([net.isCut(a, b), net.plan(0, a, b, 0)]).toEqual([false, -1]);
  net.degrade(a, b, 0, 0);
  expect(net.plan(0, a, b, 0)).toBe(1000);
});

test('kinds of messages may take their own time; the draws are the link’s, whatever the kind', () => {
  const slow = buildLatencyTable({ type: 'constant', delayUs: 7000 });
  const fast = buildLatencyTable(varying);
  const net = network({ delay: varying, latencyByKind: [fast, slow, fast], ordered: false });
  const alike = network({ delay: varying, ordered: false });
  for (const kind of [0, 1, 2, 1, 0]) {
    const expectedUs = alike.plan(0, a, b, 10);
    expect(net.plan(0, a, b, 10, kind)).toBe(kind === 1 ? 7000 : expectedUs);
  }
});
