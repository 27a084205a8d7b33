import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildLatencyTable, type LatencySpec, sampleLatency as sampleUs } from './latency.ts';
import { type Actor, type DropReason, FAULT, LOOK, Loop, PHASE } from './loop.ts';
import { type LinkSettings, Network } from './network.ts';
import {
  CRASHED,
  FIRST_TOPOLOGY_MESSAGE,
  FLUSHED,
  type Input,
  type NodeKind,
  type Out,
  READ,
  RESTARTED,
  SERVICE_CLASSES,
  SERVICE_NONE,
  SERVICE_READ,
  SERVICE_WRITE,
  START,
  TIMER,
  WRITE,
} from './protocol.ts';
import { LIFE, STRIDE } from './queue.ts';
import { Streams } from './random.ts';

/** What an actor was given: when, and what. */
type Given = Pick<Input, 'kind' | 'from' | 'a' | 'b'> & { readonly atUs: number };

/** An actor that writes down what it is given and does what it is told to. */
interface Puppet {
  readonly given: Given[];
  readonly act: (input: Input, out: Out) => void;
}

const puppetKind: NodeKind<Puppet> = {
  onInput(puppet, input, out) {
    const { kind, from, a, b } = input;
    puppet.given.push({ atUs: out.nowUs, kind, from, a, b });
    puppet.act(input, out);
  },
};

interface Part {
  readonly act?: Puppet['act'];
  readonly fsync?: LatencySpec;
  readonly bytesPerSecond?: number;
  readonly readPs?: number;
  readonly writePs?: number;
  readonly driftPpm?: number;
  readonly host?: number;
  readonly base?: number;
}

const constant = (delayUs: number) => ({ type: 'constant', delayUs }) as const;
const NOTICE = FIRST_TOPOLOGY_MESSAGE;

/** A started loop of puppets on links of one kind. */
function stage(
  parts: readonly Part[],
  delay: LatencySpec = constant(100),
  link: Partial<LinkSettings> = {},
  seed = 1,
) {
  const streams = new Streams(seed);
  const settings = {
    latency: buildLatencyTable(delay),
    bytesPerSecond: 0,
    loss: 0,
    duplication: 0,
    ordered: true,
    mayDuplicate: true,
    ...link,
  };
  const network = new Network(
    parts.map((_, index) => `p${index}`),
    streams,
    () => settings,
  );
  const puppets: Puppet[] = parts.map(({ act }) => ({ given: [], act: act ?? (() => {}) }));
  const actors = parts.map((part, index): Actor => {
    const servicePs = new Array(SERVICE_CLASSES).fill(0);
    servicePs[SERVICE_READ] = part.readPs ?? 0;
    servicePs[SERVICE_WRITE] = part.writePs ?? 0;
    return {
      name: `p${index}`,
      kind: puppetKind as Actor['kind'],
      state: puppets[index]!,
      timers: 2,
      chances: ['luck'],
      servicePs,
      disk: { fsync: buildLatencyTable(part.fsync ?? constant(0)), bytesPerSecond: part.bytesPerSecond ?? 0 },
      clock: { skewUs: 0, driftPpm: part.driftPpm ?? 0 },
      host: part.host ?? index,
      base: part.base ?? 0,
    };
  });
  const classOf = (kind: number) =>
    kind === READ ? SERVICE_READ : kind === WRITE ? SERVICE_WRITE : SERVICE_NONE;
  const loop = new Loop(actors, network, streams, { onNote: () => {} }, classOf);
  const drops: DropReason[] = [];
  loop.tracer = { sent: () => {}, dispatched: () => {}, dropped: (...args) => drops.push(args[9]) };
  loop.start();
  return {
    loop,
    network,
    given: puppets.map((puppet) => puppet.given),
    drops,
    at: (atUs: number, run: () => void) => loop.interrupt({ atUs, rank: FAULT, run }),
  };
}

/** A puppet that sends messages to actor 1 at the given times, numbered from 0. */
function sender(kind: number, atUs: readonly number[]): Part {
  let sent = 0;
  const wait = (out: Out) => {
    if (sent < atUs.length) out.startTimer(0, atUs[sent]! - out.nowUs);
  };
  return {
    act: (input, out) => {
      if (input.kind === TIMER) {
        do out.send(1, kind, sent, 0, 0, 0, 0, 0);
        while (atUs[++sent] === out.nowUs);
      }
      if (input.kind === START || input.kind === TIMER) wait(out);
    },
  };
}

const every = (us: number, count: number) => Array.from({ length: count }, (_, index) => us * (index + 1));
const of = (given: readonly Given[], kind: number) => given.filter((each) => each.kind === kind);
const numbers = (given: readonly Given[], kind: number) => of(given, kind).map(({ a }) => a);
const times = (given: readonly Given[], kind: number) => of(given, kind).map(({ atUs }) => atUs);
const later = 1e9;

test('everybody starts once, in order, before anything else', () => {
  const order: number[] = [];
  const part = (self: number): Part => ({ act: ({ kind }) => void (kind === START && order.push(self)) });
  const { given, loop } = stage([part(0), part(1), part(2)]);
  expect(order).toEqual([0, 1, 2]);
  expect(given.map((each) => each.length)).toEqual([1, 1, 1]);
  expect(loop.events).toBe(3);
});

test('equal times: faults, then the phase, then looks, then messages as they were sent', () => {
  const { loop, given } = stage([sender(NOTICE, [900, 900, 900]), {}]);
  const order: string[] = [];
  for (const [rank, name] of [
    [LOOK, 'look'],
    [PHASE, 'phase'],
    [FAULT, 'fault'],
    [LOOK, 'look 2'],
    [FAULT, 'fault 2'],
  ] as const) {
    loop.interrupt({ atUs: 1000, rank, run: () => order.push(`${name} ${of(given[1]!, NOTICE).length}`) });
  }
  loop.runUntil(later);
  expect(order).toEqual(['fault 0', 'fault 2 0', 'phase 0', 'look 0', 'look 2 0']);
  expect(of(given[1]!, NOTICE)).toEqual(
    [0, 1, 2].map((a) => ({ atUs: 1000, kind: NOTICE, from: 0, a, b: 0 })),
  );
});

test('running until a time excludes that time', () => {
  const { loop, given } = stage([sender(NOTICE, [900]), {}]);
  loop.runUntil(1000);
  expect([loop.nowUs, of(given[1]!, NOTICE).length]).toEqual([1000, 0]);
  loop.runUntil(1001);
  expect([loop.nowUs, of(given[1]!, NOTICE).length]).toEqual([1001, 1]);
});

test('in flight at a cut: lost if the link is cut when it would arrive, not if it is healed by then', () => {
  const { loop, network, given, drops, at } = stage([sender(NOTICE, [1000, 2000, 3000, 4000]), {}]);
  at(1050, () => network.cut(0, 1)); // 0 is on its way, arrives at 1100
  at(2050, () => network.heal(0, 1, true)); // 1 was sent into the cut
  at(3010, () => network.cut(0, 1));
  at(3090, () => network.heal(0, 1, true)); // 2 arrives at 3100
  at(4100, () => network.cut(0, 1)); // at the very time of 3's arrival
  loop.runUntil(later);
  expect(numbers(given[1]!, NOTICE)).toEqual([2]);
  expect(drops).toEqual(['cut', 'cut', 'cut']);
  expect([loop.sentCount, loop.deliveredCount, loop.droppedCount]).toEqual([4, 1, 3]);
});

test('what comes to a dead process is dropped', () => {
  const { loop, given, drops, at } = stage([sender(NOTICE, every(1000, 4)), {}]);
  at(1500, () => loop.crash(1, true));
  at(3500, () => loop.restart(1));
  loop.runUntil(later);
  expect(of(given[1]!, NOTICE).map(({ a }) => a)).toEqual([0, 3]);
  expect(drops).toEqual(['down', 'down']);
  expect(given[1]!.map(({ kind }) => kind)).toEqual([START, NOTICE, CRASHED, RESTARTED, NOTICE]);
});

test('a paused node handles its inputs when it goes on, in the order they came', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 60 }),
      fc.constantFrom(0, 1e6, 2.5e6),
      (gaps, pausedUs, forUs, readPs) => {
        let nowUs = 0;
        const sentUs = gaps.map((gap) => (nowUs += gap % 4));
        const { loop, given, at } = stage(
          [
            sender(
              READ,
              sentUs.map((us) => us + 1),
            ),
            { readPs },
          ],
          constant(5),
        );
        at(pausedUs, () => loop.pause(1));
        at(pausedUs + forUs, () => loop.resume(1));
        loop.runUntil(later);
        const got = of(given[1]!, READ);
        expect(got.map(({ a }) => a)).toEqual(sentUs.map((_, index) => index));
        for (const { atUs } of got) expect(atUs < pausedUs || atUs >= pausedUs + forUs).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('a message that came during a pause has come: a later cut of its link does not matter', () => {
  const { loop, network, given, drops, at } = stage([sender(NOTICE, [1000, 2000]), {}]);
  at(500, () => loop.pause(1));
  at(1500, () => network.cut(0, 1));
  at(2500, () => loop.resume(1));
  loop.runUntil(later);
  expect(of(given[1]!, NOTICE)).toEqual([{ atUs: 2500, kind: NOTICE, from: 0, a: 0, b: 0 }]);
  expect(drops).toEqual(['cut']);
});

test('a node that dies while it is paused loses what waited for it', () => {
  const { loop, given, drops, at } = stage([sender(READ, every(100, 5)), { readPs: 150e6 }]);
  at(360, () => loop.pause(1));
  at(5000, () => loop.crash(1, true));
  at(6000, () => loop.restart(1));
  loop.runUntil(later);
  expect(given[1]!.map(({ kind }) => kind)).toEqual([START, READ, READ, CRASHED, RESTARTED]);
  expect(drops).toEqual(['down', 'down', 'down']);
  expect(loop.sentCount).toBe(loop.deliveredCount + loop.droppedCount);
});

/** The oracle: a timer is its deadline. */
test('timers fire exactly at their deadlines, restarted earlier, later, cancelled, not after a crash', () => {
  // Commands come at even times, deadlines are odd: none fall together.
  const evenUs = fc.integer({ min: 1, max: 200 }).map((half) => half * 2);
  const move = fc.record({
    atUs: evenUs,
    slot: fc.integer({ min: 0, max: 1 }),
    delayUs: fc.option(
      evenUs.map((us) => us + 1),
      { freq: 4, nil: null },
    ),
  });
  const command = fc.oneof(
    { weight: 8, arbitrary: move },
    { weight: 1, arbitrary: fc.record({ atUs: evenUs, crash: fc.constant(true) }) },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (unsorted) => {
      // A crash comes before what is scheduled at its time.
      const commands = [...unsorted].sort(
        (a, b) => a.atUs - b.atUs || Number('crash' in b) - Number('crash' in a),
      );
      const { loop, given, at } = stage([
        {
          act: (input, out) => {
            if (input.kind !== NOTICE) return;
            const { slot, delayUs } = commands[input.a] as { slot: number; delayUs: number | null };
            if (delayUs === null) out.cancelTimer(slot);
            else out.startTimer(slot, delayUs);
          },
        },
        {},
      ]);
      const expected: string[] = [];
      const deadlines: (number | null)[] = [null, null];
      const fireUntil = (atUs: number) => {
        for (;;) {
          const due = [0, 1].filter((slot) => deadlines[slot]! !== null && deadlines[slot]! < atUs);
          if (due.length === 0) return;
          const slot = due.sort((a, b) => deadlines[a]! - deadlines[b]!)[0]!;
          expected.push(`${deadlines[slot]} ${slot}`);
          deadlines[slot] = null;
        }
      };
      for (const [index, each] of commands.entries()) {
        fireUntil(each.atUs);
        if ('crash' in each) {
          at(each.atUs, () => {
            loop.crash(0, true);
            loop.restart(0);
          });
          deadlines.fill(null);
        } else {
          at(each.atUs, () => giveNotice(loop, 0, index));
          deadlines[each.slot] = each.delayUs === null ? null : each.atUs + each.delayUs;
        }
      }
      fireUntil(later);
      loop.runUntil(later);
      const fired = of(given[0]!, TIMER).map(({ atUs, a }) => `${atUs} ${a}`);
      expect([...fired].sort()).toEqual([...expected].sort());
      expect(times(given[0]!, TIMER)).toEqual(times(given[0]!, TIMER).toSorted((a, b) => a - b));
    }),
    { numRuns: 1000 },
  );
});

/** Hands a node an input at once, as an interruption may. */
function giveNotice(loop: Loop, to: number, a: number): void {
  const record = loop.queue.push(loop.nowUs, loop.nowUs, NOTICE, to, to, a, 0, 0, 0, 0, 0);
  // As what a paused node has held, it has arrived already: no link and no sender matters.
  loop.queue.words[record * STRIDE + LIFE] = 1;
}

test('a timer that messages restart does not fire before those that came during a pause', () => {
  const restartedByEach: Part = { act: ({ kind }, out) => void (kind !== TIMER && out.startTimer(0, 1000)) };
  const { loop, given, at } = stage([sender(NOTICE, [400, 900, 1300]), restartedByEach], constant(1));
  at(500, () => loop.pause(1)); // the timer was restarted at 401: its first record, for 1000, is out of date
  at(1390, () => loop.resume(1));
  loop.runUntil(later);
  expect(given[1]!.map(({ kind, atUs }) => [kind, atUs])).toEqual([
    [START, 0],
    [NOTICE, 401],
    [NOTICE, 1390],
    [NOTICE, 1390],
    [TIMER, 2390],
  ]);
});

test('a timer that ends during a pause fires when the node goes on', () => {
  const { loop, given, at } = stage([
    { act: ({ kind }, out) => void (kind === START && out.startTimer(0, 700)) },
  ]);
  at(500, () => loop.pause(0));
  at(1500, () => loop.resume(0));
  loop.runUntil(later);
  expect(times(given[0]!, TIMER)).toEqual([1500]);
});

test('a clock that gains ends its timers early: a drift of d ppm divides by 1 + d / 10^6', () => {
  for (const [driftPpm, expectedUs] of [
    [0, 1_100_000],
    [100_000, 1_000_000],
    [-100_000, 1_222_222],
    [1, 1_099_999],
  ] as const) {
    const { loop, given } = stage([
      { driftPpm, act: ({ kind }, out) => void (kind === START && out.startTimer(0, 1_100_000)) },
    ]);
    loop.runUntil(later);
    expect(times(given[0]!, TIMER)).toEqual([expectedUs]);
  }
  const { loop } = stage([{}]);
  loop.runUntil(1_000_000);
  loop.setClock(0, -250, 100);
  expect(loop.clockUs(0)).toBe(999_750);
  loop.runUntil(3_000_000);
  expect(loop.clockUs(0)).toBe(2_999_950);
});

test('a disk takes its time for each fsync and for each byte, one after the other', () => {
  const asks: Part = {
    fsync: constant(500),
    bytesPerSecond: 1_000_000,
    act: ({ kind }, out) => {
      if (kind !== START) return;
      out.fsync(1, 11, 2000);
      out.fsync(2, 22, 0);
      out.fsync(3, 33, 1);
    },
  };
  const { loop, given } = stage([asks]);
  loop.runUntil(later);
  expect(of(given[0]!, FLUSHED)).toEqual([
    { atUs: 2500, kind: FLUSHED, from: 0, a: 1, b: 11 },
    { atUs: 3000, kind: FLUSHED, from: 0, a: 2, b: 22 },
    { atUs: 3501, kind: FLUSHED, from: 0, a: 3, b: 33 },
  ]);
});

test('a slow disk is slow for fsyncs begun meanwhile; a crash ends what was under way', () => {
  const syncsAll: Part = {
    fsync: constant(100),
    act: ({ kind, a }, out) => void (kind === NOTICE && out.fsync(a, 0, 0)),
  };
  const { loop, given, at } = stage([sender(NOTICE, [1000, 2000, 3000, 4000, 5000]), syncsAll], constant(0));
  at(1500, () => loop.slowDisk(1, 700));
  at(2500, () => loop.slowDisk(1, 0));
  at(4050, () => loop.crash(1, true)); // 3 is under way
  at(4060, () => loop.restart(1));
  loop.runUntil(later);
  expect(of(given[1]!, FLUSHED).map(({ atUs, a }) => [a, atUs])).toEqual([
    [0, 1100],
    [1, 2800],
    [2, 3100],
    [4, 5100],
  ]);
});

test('a service rate of 30,000 a second is exact: the thousandth second begins where it should', () => {
  const { loop, given } = stage(
    [sender(READ, new Array(60_001).fill(1)), { readPs: Math.round(1e12 / 30_000) }],
    constant(0),
  );
  loop.runUntil(later);
  const handled = times(given[1]!, READ);
  expect(handled).toHaveLength(60_001);
  expect([handled[0], handled[1], handled[30_000], handled[60_000]]).toEqual([1, 35, 1_000_001, 2_000_001]);
  expect(loop.queuedUsMax[1]).toBe(2_000_000);
});

test('an answer leaves when its service is over', () => {
  const answers: Part = {
    readPs: 250e6,
    act: ({ kind, from, a }, out) => void (kind === READ && out.send(from, NOTICE, a, 0, 0, 0, 0, 0)),
  };
  const { loop, given } = stage([sender(READ, [1000, 1000, 1100, 5000]), answers], constant(10));
  loop.runUntil(later);
  expect(times(given[0]!, NOTICE)).toEqual([1270, 1520, 1770, 5270]);
});

test('classes share one server; what needs no service does not wait', () => {
  const kindsOf = [READ, WRITE, NOTICE, READ];
  let next = 0;
  const mixed: Part = {
    act: (input, out) => {
      if (input.kind === START) for (const kind of kindsOf) out.send(1, kind, next++, 0, 0, 0, 0, 0);
    },
  };
  const { loop, given } = stage([mixed, { readPs: 100e6, writePs: 400e6 }], constant(10));
  loop.runUntil(later);
  expect(given[1]!.slice(1).map(({ a, atUs }) => [a, atUs])).toEqual([
    [0, 10],
    [2, 10],
    [1, 110],
    [3, 510],
  ]);
});

/** Poisson arrivals of a rate at a server of fixed service time, from the kernel's own parts. */
function meanWaitUs(utilisation: number, serviceUs: number, count: number, seed: number): number {
  const arrivals = buildLatencyTable({ type: 'exponential', meanUs: serviceUs / utilisation });
  const streams = new Streams(seed);
  const stream = streams.add('arrivals');
  let nowUs = 1;
  const sentUs = Array.from({ length: count }, () => (nowUs += sampleUs(arrivals, streams.next(stream))));
  const { loop, given } = stage([sender(READ, sentUs), { readPs: serviceUs * 1e6 }], constant(0));
  loop.runUntil(1e12);
  const handled = times(given[1]!, READ);
  let waited = 0;
  for (let index = 0; index < count; index++) waited += handled[index]! - sentUs[index]!;
  return waited / count;
}

test('a node under Poisson load waits as an M/D/1 queue does: ρ s / 2 (1 − ρ) on average', () => {
  for (const utilisation of [0.5, 0.7, 0.8]) {
    const serviceUs = 1000;
    const expected = (utilisation * serviceUs) / (2 * (1 - utilisation));
    const measured = [1, 2, 3, 4].map((seed) => meanWaitUs(utilisation, serviceUs, 40_000, seed));
    const mean = measured.reduce((sum, each) => sum + each) / measured.length;
    // The standard error of these four means together is below 2%.
    expect(mean / expected).toBeGreaterThan(0.94);
    expect(mean / expected).toBeLessThan(1.06);
  }
});

test('an overloaded node’s queue grows by what it is too slow for', () => {
  // 1,500 a second at a node that serves 1,000: after 2 s it has served 2,000 and the last of 3,000 waits 1 s.
  const { loop, given } = stage(
    [sender(READ, every(1_000_000 / 1500, 3000).map(Math.round)), { readPs: 1e9 }],
    constant(0),
  );
  loop.runUntil(2_000_000);
  expect(of(given[1]!, READ).length).toBeGreaterThan(1995);
  expect(of(given[1]!, READ).length).toBeLessThan(2001);
  loop.runUntil(later);
  expect(loop.queuedUsMax[1]! / 1_000_000).toBeCloseTo(1, 2);
});

test('what waits for service dies with the process; after a restart the node is free', () => {
  const { loop, given, drops, at } = stage(
    [
      sender(
        READ,
        [0, 0, 0, 5000].map((us) => us + 1),
      ),
      { readPs: 1e9 },
    ],
    constant(0),
  );
  at(1500, () => loop.crash(1, true));
  at(1600, () => loop.restart(1));
  loop.runUntil(later);
  expect(of(given[1]!, READ).map(({ a, atUs }) => [a, atUs])).toEqual([
    [0, 1],
    [1, 1001],
    [3, 5001],
  ]);
  expect(drops).toEqual(['down']);
});

test('duplicates are handled like any message, and counted', () => {
  const { loop, given } = stage([sender(NOTICE, every(10, 1000)), {}], constant(100), {
    duplication: 0.5,
    loss: 0.1,
  });
  loop.runUntil(later);
  expect(loop.duplicatedCount).toBeGreaterThan(400);
  expect(loop.sentCount + loop.duplicatedCount).toBe(loop.deliveredCount + loop.droppedCount);
  expect(of(given[1]!, NOTICE)).toHaveLength(loop.deliveredCount);
});

test('time goes on exactly past 2^32 µs and for years', () => {
  const yearUs = 366 * 24 * 3_600_000_000;
  const sentUs = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, yearUs];
  const { loop, given, at } = stage([sender(NOTICE, sentUs), {}], constant(7));
  let faultUs = 0;
  at(2 ** 40 + 7, () => (faultUs = loop.nowUs));
  loop.runUntil(2 * yearUs);
  expect(times(given[1]!, NOTICE)).toEqual(sentUs.map((us) => us + 7));
  expect([faultUs, loop.nowUs]).toEqual([2 ** 40 + 7, 2 * yearUs]);
});

test('the digest tells runs apart that differ in one input’s time by 2^32 µs', () => {
  const digests = [5, 5 + 2 ** 32, 6].map((atUs) => {
    const { loop } = stage([sender(NOTICE, [atUs]), {}]);
    loop.runUntil(2 ** 34);
    return loop.digest.toString();
  });
  expect(new Set(digests).size).toBe(3);
});

test('stepping gives one input at a time, and the same run', () => {
  const run = () =>
    stage([
      sender(READ, every(77, 50)),
      {
        readPs: 90e6,
        act: ({ kind, from }, out) => void (kind === READ && out.send(from, NOTICE, 0, 0, 0, 0, 0, 0)),
      },
    ]);
  const whole = run();
  whole.loop.runUntil(later);
  const stepped = run();
  let steps = 0;
  while (stepped.loop.step(later)) {
    steps++;
    expect(stepped.loop.events).toBe(2 + steps);
  }
  expect(steps).toBe(150);
  expect([stepped.given, stepped.loop.digest.toString()]).toEqual([
    whole.given,
    whole.loop.digest.toString(),
  ]);
});

test('actors on one machine share its service, its disk and its fate', () => {
  const askedBoth: Part = {
    act: ({ kind }, out) => {
      if (kind !== START) return;
      out.send(1, READ, 1, 0, 0, 0, 0, 0);
      out.send(2, READ, 2, 0, 0, 0, 0, 0);
    },
  };
  const writing: Part = { act: ({ kind }, out) => void (kind === READ && out.fsync(0, 0, 0)) };
  const machine: Part = { ...writing, readPs: 50_000_000, fsync: constant(1000) };
  const { given, loop, at } = stage([askedBoth, machine, { ...writing, host: 1 }]);
  at(5000, () => loop.pause(2));
  at(6000, () => loop.resume(1));
  at(7000, () => loop.crash(2, true));
  at(8000, () => loop.restart(1));
  loop.runUntil(10_000);
  // The second read waits for the first, and its fsync for the first one's.
  expect(times(given[1]!, READ)).toEqual([100]);
  expect(times(given[2]!, READ)).toEqual([150]);
  expect(times(given[1]!, FLUSHED)).toEqual([1150]);
  expect(times(given[2]!, FLUSHED)).toEqual([2150]);
  for (const actor of [1, 2]) {
    expect(times(given[actor]!, CRASHED)).toEqual([7000]);
    expect(times(given[actor]!, RESTARTED)).toEqual([8000]);
  }
  expect(loop.served[1 * SERVICE_CLASSES + SERVICE_READ]).toBe(2);
});

test('members of a cell count each other from its base; others know them by their number', () => {
  const greet: Part = {
    act: ({ kind }, out) => void (kind === START && out.send(2, NOTICE, 0, 0, 0, 0, 0, 0)),
  };
  const first: Part = {
    base: 2,
    act: ({ kind, from }, out) => {
      if (kind === START) out.send(1, NOTICE, 7, 0, 0, 0, 0, 0);
      if (kind === NOTICE) out.send(from, NOTICE, 9, 0, 0, 0, 0, 0);
    },
  };
  const { given, loop } = stage([greet, {}, first, { base: 2 }]);
  loop.runUntil(later);
  expect(of(given[3]!, NOTICE)).toMatchObject([{ from: 0, a: 7 }]);
  // Actor 0 is two before the cell's first; what it sent is answered to it.
  expect(of(given[2]!, NOTICE)).toMatchObject([{ from: -2 }]);
  expect(of(given[0]!, NOTICE)).toMatchObject([{ from: 2, a: 9 }]);
});
