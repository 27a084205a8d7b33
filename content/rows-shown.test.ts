/** Where each row on multi-leader topologies and write conflicts is shown: by a scenario that names it, by a test, or by both. */

import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bundledScenarios } from './index.ts';

const multiLeader = '../engine/topologies/multi-leader';
const shown: Readonly<
  Record<string, { readonly scenarios: readonly string[]; readonly tests: readonly string[] }>
> = {
  T1: {
    scenarios: ['ring-of-four', 'all-to-all-one-down', 'star-hub-fails'],
    tests: [`${multiLeader}/routes.test.ts`],
  },
  T2: { scenarios: ['ring-of-four'], tests: [`${multiLeader}/failures.test.ts`] },
  T3: { scenarios: ['ring-broken'], tests: [`${multiLeader}/routes.test.ts`] },
  T5: { scenarios: ['all-to-all-one-down', 'half-sent'], tests: [`${multiLeader}/routes.test.ts`] },
  T6: {
    scenarios: ['update-overtakes-insert', 'update-waits-for-insert'],
    tests: [`${multiLeader}/causal.test.ts`, `${multiLeader}/exhaustive.test.ts`],
  },
  T7: { scenarios: ['update-overtakes-insert-pgd'], tests: [`${multiLeader}/causal.test.ts`] },
  T8: { scenarios: ['star-keeps-causes-first'], tests: [`${multiLeader}/causal.test.ts`] },
  C1: { scenarios: ['display-name-two-leaders'], tests: [`${multiLeader}/conflicts.test.ts`] },
  C2: { scenarios: ['leaders-differ-for-good'], tests: [`${multiLeader}/conflicts.test.ts`] },
  C3: { scenarios: ['pgd-three-regions'], tests: [`${multiLeader}/conflicts.test.ts`] },
  C4: { scenarios: [], tests: [`${multiLeader}/conflicts.test.ts`] },
  C5: {
    scenarios: ['mysql-group-replication-multi-primary'],
    tests: ['../engine/topologies/certification/certification.test.ts'],
  },
  C6: { scenarios: ['galera'], tests: [] },
  C8: { scenarios: ['dynamodb-global-table'], tests: [`${multiLeader}/conflicts.test.ts`] },
  C10: { scenarios: ['cockroachdb-ranges'], tests: [] },
};

test.each(Object.entries(shown))('row %s is shown where it is said to be', (row, { scenarios, tests }) => {
  expect(scenarios.length + tests.length).toBeGreaterThan(0);
  const named = new RegExp(`rows? [^.;]*\\b${row}\\b`);
  for (const name of scenarios) {
    const { url } = bundledScenarios.find((each) => each.name === name)!;
    expect(readFileSync(url, 'utf8')).toMatch(named);
  }
  for (const path of tests) {
    const url = new URL(path, import.meta.url);
    expect(existsSync(url)).toBe(true);
    expect(readFileSync(url, 'utf8')).toMatch(named);
  }
});
