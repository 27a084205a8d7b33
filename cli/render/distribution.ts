import type { DistributionSummary, Interval, Scenario } from '#engine';
import { indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

interface Told {
  readonly scenario: Pick<Scenario, 'id' | 'title'>;
  readonly options: {
    readonly file: string;
    readonly seeds: { readonly least: number; readonly most: number };
  };
  readonly runsAsked: number;
  readonly paint: Paint;
}

/** Many runs of one scenario, as a person reads them. */
export function renderDistribution(summary: DistributionSummary, told: Told): string {
  const { scenario, options, runsAsked, paint } = told;
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
    runs < runsAsked
      ? paint.bad(
          `Interrupted: ${number(runs)} of ${number(runsAsked)} runs; ${number(met)} met every expectation.`,
        )
      : `${number(runs)} runs, seeds ${least} to ${most}; ${number(met)} met every expectation.`,
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
    `Runs with a loss: ${percent(summary.lossShare, summary.lossShareInterval)}; with two leaders at once: ${percent(summary.splitBrainShare, summary.splitBrainShareInterval)}.`,
    '',
    paint.faint(`Replay one: quorate simulate ${options.file} --seed ${least}`),
    '',
  ].join('\n');
}

/** A share of runs, and within what it lies with 95 %. */
function percent(share: number, interval: Interval | null): string {
  const shown = `${number(share * 100, 1)} %`;
  return interval === null
    ? shown
    : `${shown} (${number(interval.low * 100, 1)}–${number(interval.high * 100, 1)})`;
}
