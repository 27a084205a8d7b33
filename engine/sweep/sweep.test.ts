import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { simulate } from '../run/simulate.ts';
import { parseScenario } from '../scenario/parse.ts';
import { InputError } from '../scenario/problems.ts';
import { CellSketch } from './cell-sketch.ts';
import { cellsOf } from './grid.ts';
import { cellScenario, parseSweep, settingsOf } from './sweep.ts';
import { runSweep, Swept, sweepRows, sweepUnit } from './swept.ts';
import { unitAt, unitsInOrder, unitsOf } from './units.ts';

const scenario = {
  id: 'small',
  durationMs: 400,
  drainMs: 200,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }] },
  network: { within: { latency: { type: 'exponential', meanMs: 2 } } },
  topology: { type: 'leader-follower', failover: { heartbeatMs: 20, timeoutMs: 60, electionMs: 20 } },
  workload: {
    clients: [
      { id: 'app', writesPerSecond: 200 },
      { id: 'batch', writesPerSecond: 10 },
    ],
  },
  faults: [{ type: 'crash', node: 'a', atMs: 200 }],
};

const document = {
  id: 'small',
  scenario,
  runs: 3,
  grid: {
    'topology.failover.timeoutMs': [60, 100],
    'workload.clients.app.writesPerSecond': { from: 100, to: 400, count: 3, scale: 'log' },
  },
  measures: [
    { metric: 'failovers.*.rtoMs', name: 'rto' },
    { metric: 'rpo.writes', above: 0, name: 'loses' },
    { metric: 'rpo.writes', per: 'operations.write.ok', name: 'lost-share' },
  ],
};

function problemsOf(changes: object): string[] {
  try {
    parseSweep({ ...document, ...changes });
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(
      ({ path, found, expected, hint }) => `${path.join('/')}: ${found} | ${expected} | ${hint}`,
    );
  }
}

describe('the grid', () => {
  test('every combination once, the last axis fastest', () => {
    const sweep = parseSweep(document);
    expect(cellsOf(sweep)).toBe(6);
    expect(Array.from({ length: 6 }, (_, cell) => settingsOf(sweep, cell))).toEqual([
      ...[100, 200, 400].map((rate) => [60, rate]),
      ...[100, 200, 400].map((rate) => [100, rate]),
    ]);
  });

  test('a cell is the scenario with its settings', () => {
    const changed = structuredClone(scenario);
    changed.topology.failover.timeoutMs = 100;
    changed.workload.clients[0]!.writesPerSecond = 200;
    expect(cellScenario(parseSweep(document), 4)).toEqual(parseScenario(changed));
  });

  test.each([
    [{ from: 1, to: 7, step: 2 }, [1, 3, 5, 7]],
    [{ from: 0.1, to: 0.4, step: 0.1 }, [0.1, 0.2, 0.3, 0.4]],
    [{ from: 10, to: 20, count: 3 }, [10, 15, 20]],
    [{ from: 1, to: 1000, count: 4, scale: 'log' }, [1, 10, 100, 1000]],
    [{ from: 100, to: 1000, count: 3, scale: 'log' }, [100, 316, 1000]],
    [{ values: [3, 1, 2] }, [3, 1, 2]],
  ])('%j', (axis, values) => {
    const [read] = parseSweep({ ...document, grid: { drainMs: axis } }).axes;
    expect(read!.values).toEqual(values);
  });

  test('[*] sets it everywhere; what the scenario leaves out is set too', () => {
    const sweep = parseSweep({
      ...document,
      grid: { 'workload.clients[*].writesPerSecond': [7], 'cluster.nodes[1].disk.fsync': [3] },
    });
    const cell = cellScenario(sweep, 0);
    expect(cell.workload.clients.map(({ writesPerSecond }) => writesPerSecond)).toEqual([7, 7]);
    expect(cell.nodes.map(({ fsync }) => fsync)).toMatchObject([{ delayUs: 0 }, { delayUs: 3000 }]);
  });
});

describe('wrong sweeps', () => {
  test.each<[string, object, RegExp]>([
    [
      'a setting that is not there',
      { grid: { 'topology.failover.timeoutMss': [60] } },
      /^grid\/topology\.failover\.timeoutMss\/0: .*not known here.*did you mean timeoutMs\?; in the cell topology\.failover\.timeoutMss = 60$/,
    ],
    [
      'a part of the way that is not there',
      { grid: { 'topology.failovr.timeoutMs': [60] } },
      /^grid\/topology\.failovr\.timeoutMs\/0: topology\.failovr: a key that is not known here.*did you mean failover/,
    ],
    [
      'a value that is refused',
      { grid: { 'topology.failover.timeoutMs': [60, -5] } },
      /^grid\/topology\.failover\.timeoutMs\/1: -5 \| at least .* in the cell topology\.failover\.timeoutMs = -5$/,
    ],
    [
      'a value of another type',
      { grid: { 'topology.failover.timeoutMs': ['soon'] } },
      /^grid\/topology\.failover\.timeoutMs\/0: "soon" \| a number/,
    ],
    [
      'nobody of that name',
      { grid: { 'workload.clients.web.writesPerSecond': [1] } },
      /an element web: an index, an id or \*/,
    ],
    [
      'something in a number',
      { grid: { 'durationMs.x': [1] } },
      /400 \| an object or a list, to set x in it/,
    ],
    ['no path', { grid: { 'a b': [1] } }, /expected|the path of a setting/],
    ['seeds', { grid: { seed: [1, 2] } }, /every combination is run with the seeds/],
    ['a value twice', { grid: { 'topology.failover.timeoutMs': [60, 60] } }, /60 a second time/],
    ['no axis', { grid: {} }, /one to six settings/],
    [
      'an empty range',
      { grid: { 'topology.failover.timeoutMs': { from: 5, to: 1, step: 1 } } },
      /the smaller first/,
    ],
    ['half a range', { grid: { 'topology.failover.timeoutMs': { from: 5 } } }, /no values/],
    [
      'a range of nothing',
      { grid: { 'topology.failover.timeoutMs': { from: 5, to: 6 } } },
      /no step and no count/,
    ],
    [
      'a log range from 0',
      { grid: { 'topology.failover.timeoutMs': { from: 0, to: 6, count: 3, scale: 'log' } } },
      /begins above 0/,
    ],
    [
      'too many cells',
      {
        grid: {
          'topology.failover.timeoutMs': { from: 1, to: 1000, step: 1 },
          durationMs: { from: 1, to: 1000, step: 1 },
        },
      },
      /1000000 combinations \| at most 10000/,
    ],
    [
      'a figure that is not there',
      { measures: [{ metric: 'rpo.write' }] },
      /^measures\/0\/metric: rpo\.write \|/,
    ],
    [
      'a figure of another topology',
      { measures: [{ metric: 'multiLeader.conflicts.all' }] },
      /this topology measures no multiLeader/,
    ],
    [
      'no figure to divide by',
      { measures: [{ metric: 'rpo.writes', per: 'operations' }] },
      /^measures\/0\/per:/,
    ],
    ['a measure twice', { measures: [{ metric: 'rpo.ms' }, { metric: 'rpo.ms' }] }, /rpo\.ms a second time/],
    ['no measures', { measures: [] }, /^measures: /],
    ['a key too many', { grids: {} }, /^grids: .*did you mean grid\?/],
    ['a wrong scenario', { scenario: { ...scenario, durationMs: -1 } }, /^scenario\/durationMs: -1/],
  ])('%s', (_, changes, said) => {
    expect(problemsOf(changes)[0]).toMatch(said);
  });

  test('a measure that cannot be counted is told with its seed', () => {
    const sweep = parseSweep({ ...document, measures: [{ metric: 'rpo.writes' }] });
    const report = simulate(cellScenario(sweep, 0));
    const negative = { ...report, rpo: { writes: -1, ms: 0 } };
    expect(() => new CellSketch(sweep.measures).add(negative)).toThrow('-1 with seed 1');
  });
});

describe('the sums', () => {
  const sweep = parseSweep(document);

  test('a cell counts what its runs report', () => {
    const reports = [1, 2, 3].map((seed) => simulate(cellScenario(sweep, 5), { seed }));
    const { measures } = runSweep(sweep).cells[5]!;
    const rto = reports.flatMap(({ failovers }) => failovers.map(({ rtoMs }) => rtoMs!));
    expect(measures.rto).toMatchObject({ count: 3, min: Math.min(...rto), max: Math.max(...rto) });
    const hits = reports.filter(({ rpo }) => rpo.writes > 0).length;
    expect(measures.loses).toMatchObject({ hits, of: 3, share: hits / 3 });
    const shares = reports.map(({ rpo, operations }) => rpo.writes / operations.write.ok);
    expect((measures['lost-share'] as { mean: number }).mean).toBeCloseTo(
      shares.reduce((sum, each) => sum + each, 0) / 3,
      5,
    );
  });

  test('units may come in any order, in any number of parts, through JSON', () => {
    const units = Array.from({ length: unitsOf(sweep) }, (_, unit) => unitAt(sweep, unit));
    const sketches = units.map((unit) => sweepUnit(sweep, unit));
    const whole = new Swept(sweep);
    for (const unit of units) whole.add(unit, sketches[unit.unit]!);
    const expected = JSON.stringify(sweepRows(whole.answer()));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.shuffledSubarray(units, { minLength: units.length }),
        (of, shuffled) => {
          const merged = new Swept(sweep);
          for (let index = of; index >= 1; index--) {
            const part = new Swept(sweep);
            const own = new Set([...unitsInOrder(sweep, { index, of })].map(({ unit }) => unit));
            for (const unit of shuffled) {
              if (!own.has(unit.unit)) continue;
              part.add(unit, sketches[unit.unit]!);
              part.add(unit, sketches[unit.unit]!);
            }
            for (const [cell, sketch] of part.sketches().entries())
              merged.addToCell(cell, JSON.parse(JSON.stringify(sketch)));
          }
          expect(JSON.stringify(sweepRows(merged.answer()))).toBe(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('each unit is in one part, and every cell is begun before any is gone on with', () => {
    const some = { ...sweep, runs: 250 };
    for (const count of [1, 3, 7]) {
      const parts = Array.from({ length: count }, (_, index) => [
        ...unitsInOrder(some, { index: index + 1, of: count }),
      ]);
      const all = parts.flat().map(({ unit }) => unit);
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: unitsOf(some) }, (_, unit) => unit));
    }
    const cells = [...unitsInOrder(some, { index: 1, of: 1 })].slice(0, 6).map(({ cell }) => cell);
    expect(cells).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('the units are all runs, each once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 0, max: 1000 }), (runs, seed) => {
        const some = { ...sweep, runs, seed };
        const seen = new Map<number, number>();
        for (let index = 0; index < unitsOf(some); index++) {
          const unit = unitAt(some, index);
          expect(unit.seed).toBe(seed + (seen.get(unit.cell) ?? 0));
          seen.set(unit.cell, (seen.get(unit.cell) ?? 0) + unit.runs);
        }
        expect([...seen.values()]).toEqual([runs, runs, runs, runs, runs, runs]);
      }),
    );
  });
});
