import type { QuorumAnswer, QuorumQuestion, SimulatedQuorumAnswer } from '#engine';
import { indented, left, milliseconds, number, right, table } from './layout.ts';

export function renderQuorum(
  answer: QuorumAnswer | SimulatedQuorumAnswer,
  { p, seed }: QuorumQuestion,
): string {
  const { n, r, w, trials, pFresh, kStaleness, readMs, writeMs, availability, survives } = answer;
  const meets = r + w > n;
  const how = 'via' in answer ? ' for each time, through the full simulation' : '';
  const margin = '  ';
  return [
    indented(
      '',
      `${n} replicas, reads wait for ${r}, writes for ${w}; ${number(trials)} writes, each with a read${how}, seed ${seed}.`,
    ),
    '',
    indented(
      margin,
      meets
        ? `Every read quorum shares a replica with every write quorum (${r} + ${w} > ${n}): without faults no read is stale.`
        : 'via' in answer
          ? 'After which time nearly all reads are fresh, only many more trials tell: leave out --engine.'
          : `${share(p)} of reads are fresh ${milliseconds(answer.tVisibilityMs)} ms after the write's acknowledgement.`,
    ),
    '',
    table(
      [
        left('a read begins after'),
        right('is fresh'),
        ...('via' in answer ? [right('two standard errors')] : []),
      ],
      pFresh.map((each) => [
        `${number(each.tMs, 3)} ms`,
        share(each.p),
        ...('via' in answer ? [`± ${number(200 * Math.sqrt((each.p * (1 - each.p)) / trials), 3)} %`] : []),
      ]),
      { margin },
    ),
    '',
    table(
      [left('latency, ms'), right('p50'), right('p99'), right('p99.9')],
      [
        ['read', ...[readMs.p50, readMs.p99, readMs.p999].map(milliseconds)],
        ['write', ...[writeMs.p50, writeMs.p99, writeMs.p999].map(milliseconds)],
      ],
      { margin },
    ),
    '',
    table(
      [
        left('replicas'),
        right('may be down'),
        right(`available at ${number(availability.pDown * 100, 4)} % down`),
      ],
      [
        ['reads', String(survives.reads), share(availability.reads)],
        ['writes', String(survives.writes), share(availability.writes)],
        ['both', String(Math.min(survives.reads, survives.writes)), share(availability.both)],
      ],
      { margin },
    ),
    '',
    indented(
      margin,
      `If a write stayed on the ${w === 1 ? 'one replica' : `${w} replicas`} that acknowledged it, a read would return one of the last ${kStaleness
        .map(({ k, p: within }) => `${k} in ${share(within)}`)
        .join(', ')}.`,
    ),
    '',
  ].join('\n');
}

/** Down to the digit that differs from 100 %: 99.9999 %. */
function share(value: number): string {
  return `${number(value * 100, value > 0.999 ? 6 : 3)} %`;
}
