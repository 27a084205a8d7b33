import type { Elections, ElectionsOptions, ExpectationResult } from '#engine';
import { indented, milliseconds, number } from './layout.ts';
import type { Paint } from './paint.ts';
import { renderExpectations } from './report.ts';

export function renderElections(
  elections: Elections,
  options: ElectionsOptions,
  expectations: readonly ExpectationResult[],
  paint: Paint,
): string {
  const { servers, failed, start, seed } = options;
  const { meanMs, p50Ms, p99Ms, p999Ms, splitVote } = elections;
  const since = start === 'crash' ? "the leader's death" : 'timers that all start at once';
  const up = failed === 0 ? `${servers} servers` : `${servers} servers, ${failed} of them down`;
  const theory =
    splitVote.closedForm === null
      ? 'No closed form is known for this setting.'
      : `The closed form gives ${percent(splitVote.closedForm)}.`;
  return [
    indented('', `${number(elections.runs)} elections of ${up}, from ${since}, seed ${seed}.`),
    '',
    '  time until a candidate has its majority',
    ...(
      [
        ['mean', meanMs],
        ['p50', p50Ms],
        ['p99', p99Ms],
        ['p99.9', p999Ms],
      ] as const
    ).map(([name, value]) => `    ${name.padEnd(6)} ${`${milliseconds(value)} ms`.padStart(12)}`),
    '',
    indented('  ', `The first term split its vote in ${percent(splitVote.rate)} of them. ${theory}`),
    '',
    ...(expectations.length === 0 ? [] : [renderExpectations(expectations, paint), '']),
  ].join('\n');
}

function percent(share: number): string {
  return `${number(share * 100, 2)} %`;
}
