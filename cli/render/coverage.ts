import type { Coverage, Scenario } from '#engine';
import { indented, left, number, right, table } from './layout.ts';

interface Asked {
  readonly scenario: Scenario;
  readonly options: {
    readonly depth: number;
    readonly states: number;
    readonly crashes: number;
    readonly losses: number;
    readonly symmetry?: true;
  };
  readonly checks: readonly string[];
  readonly statesPerSecond: number;
}

/** What an exploration visited, and the shortest way to a violation if there is one. */
export function renderCoverage(coverage: Coverage, asked: Asked): string {
  const { unique, generated, depth: deepest, sometimes } = coverage;
  const { scenario, options, statesPerSecond } = asked;
  const paragraphs = [
    `${verdictOf(coverage, asked)}`,
    `Visited ${number(unique)} states of ${scenario.id}${options.symmetry ? ' (symmetric ones once)' : ''}, ${number(generated)} generated, ${number(deepest)} choices deep, ${number(statesPerSecond)} states a second; up to ${options.crashes} crashed, ${options.losses} messages lost on one path.`,
  ];
  const rows = sometimes.map(({ name, depth }) => [name, depth === null ? 'never' : `${depth} choices`]);
  const seen = rows.length === 0 ? '' : `\n${table([left('Sometimes'), right('first after')], rows)}\n`;
  const { violation } = coverage;
  const path =
    violation === null
      ? ''
      : `\nThe shortest way there:\n${violation.path.map(({ number: at, sentence }) => indented(`  ${at}. `.padStart(6), sentence)).join('\n')}\n`;
  return `${paragraphs.map((text) => indented('', text)).join('\n')}\n${seen}${path}`;
}

function verdictOf({ result, complete, violation }: Coverage, { checks, options }: Asked): string {
  const all = checks.join(', ');
  switch (result) {
    case 'violation':
      return `Violation of ${violation!.check}: ${violation!.how}.`;
    case 'ok':
      return complete
        ? `No violation of ${all} in any order there is: every state was visited.`
        : `No violation of ${all} in any order of up to ${options.depth} choices; there are states beyond.`;
    case 'empty':
      return `Nothing is shown: no violation of ${all}, but not everything that should be was ever so. Look deeper (--depth).`;
    case 'unknown':
      return `Unknown: no violation of ${all} so far, and the search ended before all states of ${options.depth} choices were visited (--states).`;
  }
}
