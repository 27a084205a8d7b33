import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseScenario, type ScenarioSource, simulate } from '#engine';
import { type Choice, possible, replicasMost, runOf, sourceOf, worstCase } from './choice.ts';

const source = parse(
  readFileSync(new URL('../../content/scenarios/quorum-sliders.yaml', import.meta.url), 'utf8'),
) as ScenarioSource;
const base = parseScenario(source);
const anyChoice: fc.Arbitrary<Choice> = fc
  .record({
    n: fc.integer({ min: 1, max: replicasMost }),
    r: fc.integer({ min: 1, max: replicasMost }),
    w: fc.integer({ min: 1, max: replicasMost }),
    down: fc.integer({ min: 0, max: replicasMost }),
  })
  .map(possible);

test('every choice runs, is what is saved of it, and does what the arithmetic says', () => {
  fc.assert(
    fc.property(anyChoice, (choice) => {
      const { n, r, w, down } = choice;
      const report = simulate(runOf(base, choice));
      expect(simulate(parseScenario(sourceOf(source, choice))).digest).toBe(report.digest);
      const { write, read } = report.availability;
      expect(write.ratio! > 0.6).toBe(n - down >= w);
      expect(read.ratio! > 0.6).toBe(n - down >= r);
      if (r + w > n) expect(report.verdicts.find(({ name }) => name === 'stale-reads')!.count).toBe(0);
    }),
    { numRuns: 12 },
  );
});

test('the quorums that are drawn share as few replicas as any two can', () => {
  fc.assert(
    fc.property(anyChoice, (choice) => {
      const { n, r, w, down } = choice;
      const { write, read } = worstCase(choice);
      const live = n - down;
      expect(write.length).toBe(w > live ? 0 : w);
      expect(read.length).toBe(r > live ? 0 : r);
      if (write.length === 0 || read.length === 0) return;
      expect(Math.max(...write, ...read)).toBeLessThan(live);
      expect(write.filter((replica) => read.includes(replica)).length).toBe(Math.max(0, r + w - live));
    }),
  );
});
