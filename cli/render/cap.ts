import type { CapOfKind, CapReport } from '#engine';
import { indented, left, milliseconds, number, right, table } from './layout.ts';
import type { Paint } from './paint.ts';

/** A cut, what each side was answered, and what that makes of reads and of writes. */
export function renderCap(report: CapReport, file: string, paint: Paint): string {
  const sections = [
    heading(report, paint),
    classes(report, paint),
    outcomes(report, paint),
    divergence(report),
    withoutCut(report, paint),
    paint.faint(indented('', `The same again: quorate cap ${file} ${flagsOf(report)}`)),
  ];
  return `${sections.join('\n\n')}\n`;
}

const ways = {
  both: 'cut off from',
  out: 'unable to send to',
  in: 'unable to hear from',
} as const;

function heading({ scenario, seed, cut }: CapReport, paint: Paint): string {
  return [
    paint.heading(`${scenario}: a cut of ${number(cut.forMs / 1000, 3)} s, seed ${seed}`),
    indented('', `${cut.cutOff.join(', ')} ${ways[cut.way]} ${cut.rest.join(', ')}`),
  ].join('\n');
}

function classes({ reads, writes }: CapReport, paint: Paint): string {
  const line = (name: string, { class: classified, because, pacelc }: CapOfKind) =>
    indented(`${name} ${paint.heading(classified)} (${pacelc})  `, because, 80);
  return [line('Reads ', reads), line('Writes', writes)].join('\n');
}

const kinds = ['reads', 'writes'] as const;
const sides = [
  ['cutOff', 'cut off'],
  ['rest', 'the rest'],
] as const;

function outcomes(report: CapReport, paint: Paint): string {
  return table(
    [
      left('While cut'),
      right('asked'),
      right('ok'),
      right('stale'),
      right('refused'),
      right('hung'),
      right('discarded later'),
    ],
    sides.flatMap(([side, name]) =>
      kinds.map((kind) => {
        const { asked, ok, stale, refused, hung, laterDiscarded } = report[kind][side];
        return [
          `${kind}, ${name}`,
          ...[asked, ok].map((count) => number(count)),
          kind === 'reads' ? number(stale) : '–',
          ...[refused, hung].map((count) => number(count)),
          kind === 'writes' ? number(laterDiscarded) : '–',
        ];
      }),
    ),
    { paintTitles: paint.heading },
  );
}

function divergence({ divergence: { keysWrittenOnBothSides, keys, convergedAfterMs } }: CapReport): string {
  const torn =
    keysWrittenOnBothSides === null
      ? ''
      : `${keysWrittenOnBothSides} of ${keys} keys were written on both sides while it lasted. `;
  const converged =
    convergedAfterMs === null
      ? 'After it healed the replicas did not come to hold the same.'
      : `${milliseconds(convergedAfterMs)} ms after it healed all replicas held the same, and nothing was under way.`;
  return indented('', torn + converged);
}

function withoutCut({ before, reads, writes }: CapReport, paint: Paint): string {
  const rows = sides.flatMap(([side, name]) =>
    (
      [
        ['reads', reads],
        ['writes', writes],
      ] as const
    ).map(([kind, { otherwise }]) => [
      `${kind}, ${name}`,
      milliseconds(otherwise[side].p50Ms),
      milliseconds(otherwise[side].p10Ms),
      milliseconds(otherwise[side].apartP10Ms),
    ]),
  );
  return [
    table(
      [
        left('Before the cut, ms'),
        right('p50'),
        right('p10'),
        right(`p10, ${milliseconds(before.addedRoundTripMs)} ms farther apart`),
      ],
      rows,
      { paintTitles: paint.heading },
    ),
    indented(
      '',
      `From side to side and back it is ${milliseconds(before.roundTripMs)} ms. ` +
        `Reads put ${reads.otherwise.gives} first (${reads.otherwise.because}), writes ${writes.otherwise.gives} (${writes.otherwise.because}).`,
    ),
  ].join('\n');
}

function flagsOf({ cut, seed }: CapReport): string {
  return `--side ${cut.cutOff.join(',')} --way ${cut.way} --at ${cut.atMs} --for ${cut.forMs} --seed ${seed}`;
}
