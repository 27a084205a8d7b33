import { join } from 'node:path';
import type { Evidence, Target } from '#engine';
import { indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

/** Each target beside what the runs measured, and the command that shows the worst run again. */
export function renderEvidence(
  evidence: Evidence,
  options: { readonly save?: string; readonly seed: number; readonly runs: number },
  paint: Paint,
): string {
  const { targets, assumptions } = evidence;
  const lastSeed = options.seed + options.runs - 1;
  const seeds = options.runs === 1 ? `seed ${options.seed}` : `seeds ${options.seed} to ${lastSeed}`;
  return [
    paint.heading(`Evidence: your own workload, simulated with ${seeds}; the worst run counts`),
    renderTargets(targets, paint),
    indented('  ', evidence.sentence),
    ...renderRunnerUp(evidence, paint),
    '',
    ...replays(evidence, options.save, paint),
    '',
    paint.heading('Taken for granted'),
    ...assumptions.map((assumption) => indented('  - ', assumption)),
  ].join('\n');
}

function renderTargets(targets: readonly Target[], paint: Paint): string {
  return table(
    [left('target'), left('under'), right('stated'), right('measured'), left(''), right('worst seed')],
    targets.map((target) => [
      target.name,
      target.fault === 'none' ? 'no fault' : target.fault,
      `${target.stated === 0 ? '' : '≤ '}${quantity(target.stated, target)}`,
      quantity(target.measured, target),
      outcomeOf(target),
      String(target.seed),
    ]),
    { paintTitles: paint.faint, margin: '  ' },
  );
}

function renderRunnerUp({ runnerUp }: Evidence, paint: Paint): string[] {
  return [
    '',
    paint.heading(indented('The runner-up beside it: ', runnerUp.answer)),
    renderTargets(runnerUp.targets, paint),
    indented('  ', runnerUp.sentence),
  ];
}

function quantity(value: number | null, { unit }: Target): string {
  if (value === null) return 'not known';
  return `${unit === 'ms' ? milliseconds(value) : number(value)} ${unit}`;
}

function outcomeOf({ met, required }: Target): string {
  if (met) return 'met';
  return required ? 'MISSED' : 'not required';
}

/** One command for each worst run. */
function replays({ targets, runnerUp }: Evidence, save: string | undefined, paint: Paint): string[] {
  const lines = [...targets, ...runnerUp.targets].map(
    ({ scenario, seed }) => `quorate simulate ${join(save ?? 'proof', `${scenario}.yaml`)} --seed ${seed}`,
  );
  const head = save === undefined ? 'Replay (--save proof writes the scenarios)' : 'Replay';
  return [paint.heading(head), ...[...new Set(lines)].map((line) => `  ${line}`)];
}
