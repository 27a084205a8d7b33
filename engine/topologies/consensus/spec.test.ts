import { expect, test } from 'vitest';
import { find } from '../../explore/find.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { describeProblem, type InputError } from '../../scenario/problems.ts';
import type { ScenarioSource } from '../../scenario/schema.ts';
import type { ConsensusSource } from './schema.ts';

const scenario = (topology: Partial<ConsensusSource>): ScenarioSource => ({
  id: 'three',
  durationMs: 2000,
  cluster: { nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], defaults: { disk: { fsync: 1 } } },
  network: { within: { latency: { type: 'uniform', minMs: 0.2, maxMs: 4 } } },
  topology: { type: 'consensus', ...topology },
  workload: {
    clients: [{ readsPerSecond: 100, writesPerSecond: 100 }],
    keys: { count: 2 },
    timeoutMs: 200,
  },
});

function problemsOf(topology: Partial<ConsensusSource>): string[] {
  try {
    parseScenario(scenario(topology));
    return [];
  } catch (error) {
    return (error as InputError).problems.map(describeProblem);
  }
}

test.each([
  [{ leader: 'd' }, /^topology\.leader: found "d", expected a node/],
  [
    { heartbeatMs: 1000 },
    /^topology\.electionTimeoutMs: found 1000, expected more than heartbeatMs, 1000 \(otherwise followers leave/,
  ],
  [
    { electionTimeoutMsMax: 900 },
    /^topology\.electionTimeoutMsMax: found 900, expected at least electionTimeoutMs, 1000$/,
  ],
  [
    { readFrom: 'nearest' },
    /^topology\.readFrom: found nearest, expected leader where reads are read-index \(only the leader/,
  ],
  [
    { reads: 'lease', checkQuorum: false },
    /^topology\.checkQuorum: found false, expected true where reads are lease/,
  ],
  [
    { reads: 'quorum' as 'log' },
    /^topology\.reads: found "quorum", expected one of log, read-index, lease, local/,
  ],
  [{ prevote: true } as Partial<ConsensusSource>, /^topology\.prevote: .*did you mean preVote\?/],
] as const)('%j is told of', (topology, expected) => {
  expect(problemsOf(topology)).toEqual([expect.stringMatching(expected)]);
});

test('find: reads that are local may be of the past, the others are not', async () => {
  const quick = { electionTimeoutMs: 100, heartbeatMs: 25 } as const;
  const options = { violates: 'stale-reads', maxFaults: 2, seed: 1 } as const;
  const local = scenario({ ...quick, reads: 'local', readFrom: 'followers' });
  expect(await find(local, { ...options, budget: 40 })).toMatchObject({ found: true });
  for (const reads of ['log', 'read-index', 'lease'] as const)
    expect(await find(scenario({ ...quick, reads }), { ...options, budget: 25 })).toMatchObject({
      found: false,
    });
});
