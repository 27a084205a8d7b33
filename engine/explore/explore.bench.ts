import { explore } from './explore.ts';
import { paxosRegister, twoPhaseCommit } from './published-models.test-support.ts';

/** States and generated states a second of CPU time, the best of some runs that each begin with nothing known. */
export function benchExplore(line: (name: string, value: string) => void, cpuSeconds: () => number): void {
  const models = [
    { name: 'single-decree Paxos, 3 servers, 2 clients', model: () => paxosRegister(3, 2) },
    { name: 'two-phase commit, 5 resource managers', model: () => twoPhaseCommit(5) },
  ];
  for (const { name, model } of models) {
    let seconds = Number.POSITIVE_INFINITY;
    let unique = 0;
    let generated = 0;
    for (let run = 0; run < 20; run++) {
      const begun = cpuSeconds();
      ({ unique, generated } = explore(model(), { depth: 1000, states: 1_000_000, checks: [] }));
      seconds = Math.min(seconds, cpuSeconds() - begun);
    }
    const perSecond = (count: number) => `${(count / seconds / 1e6).toFixed(2)} M/s`;
    line(`explore: ${name}`, `${perSecond(unique)} states, ${perSecond(generated)} generated`);
  }
}
