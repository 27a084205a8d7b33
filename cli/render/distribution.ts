import type { DistributionSummary, Scenario } from '#engine';
import { indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

interface Told {
  readonly scenario: Pick<Scenario, 'id' | 'title'>;
  readonly options: {
    readonly file: string;
    readonly seeds: { readonly least: number; readonly most: number };
  };
  readonly paint: Paint;
}

/** Many runs of one scenario, as a person reads them. */
export function renderDistribution(summary: DistributionSummary, { scenario, options, paint }: Told): string {
  const { runs, met, failovers } = summary;
  const { least, most } = options.seeds;
  const title = scenario.title === '' ? scenario.id : `${scenario.id}: ${scenario.title}`;
  const rows = [
    ['noticed after, ms', summary.detectedAfterMs],
    ['promoted after, ms', summary.promotedAfterMs],
    ['writes back after, ms (RTO)', summary.rtoMs],
    ['writes lost (RPO)', summary.lostWrites],
    ['made within, ms', summary.rpoMs],
    ['two leaders for, ms', summary.overlapMs],
  ] as const;
  return [
    paint.heading(indented('', title)),
    `${number(runs)} runs, seeds ${least} to ${most}; ${number(met)} met every expectation.`,
    '',
    table(
      [
        left('Over all runs'),
        right('count'),
        right('min'),
        right('mean'),
        right('p50'),
        right('p99'),
        right('max'),
      ],
      rows.map(([name, { count, min, mean, p50, p99, max }]) => [
        name,
        number(count),
        ...[min, mean, p50, p99, max].map(milliseconds),
      ]),
      { paintTitles: paint.heading },
    ),
    '',
    indented(
      '',
      `${number(failovers.count)} failovers, ${number(failovers.falseAlarms)} of leaders that were running; ` +
        `${number(failovers.withoutEnd)} crashes without a write afterwards.`,
    ),
    `Runs with a loss: ${percent(summary.lossShare)}; with two leaders at once: ${percent(summary.splitBrainShare)}.`,
    '',
    paint.faint(`Replay one: quorate simulate ${options.file} --seed ${least}`),
    '',
  ].join('\n');
}

function percent(share: number): string {
  return `${number(share * 100, 1)} %`;
}
