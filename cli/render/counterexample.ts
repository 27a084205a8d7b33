import {
  type Counterexample,
  describeFault,
  type FaultDocument,
  type FaultSource,
  type NotFound,
  type ParFound,
} from '#engine';
import { indented, left, number, right, table, withTimesGrouped } from './layout.ts';
import { renderYaml } from './yaml.ts';

interface Asked {
  /** The scenario's id. */
  readonly name: string;
  readonly maxFaults: number;
  /** Of the search. */
  readonly seed: number;
}

/** The shrunk schedule as a scenario; what there is to say about it stands in its comments. */
export function renderFound(found: Counterexample | ParFound, { name, seed }: Asked): string {
  const { violates, faults, needed, otherSeeds, runs, runsToFirst } = found;
  const with_ =
    faults.length === 0 ? 'Already without another fault' : `With ${counted(faults.length, 'more fault')}`;
  const why = needed.map(
    ({ fault, otherSeeds: { runs } }) =>
      `Needed: without ${fault === null ? 'the spread of latencies' : `“${told(fault)}”`} it vanishes, under this seed and under ${runs} others.`,
  );
  return renderYaml(found.scenario, [
    ...('par' in found ? [parOf(found)] : []),
    `${with_}, ${name} violates ${violates} (search seed ${seed}; run ${number(runsToFirst)} was the first that did, ${number(runs)} in all).`,
    ...(found.verdict.witness?.story.map(
      (sentence, index) => `${index + 1}. ${withTimesGrouped(sentence)}`,
    ) ?? []),
    ...why,
    `Under ${otherSeeds.runs} other seeds the same schedule violates it in ${otherSeeds.violations}.`,
    'Its seed is in it: quorate simulate THIS-FILE shows it again, and so does quorate simulate LINK, which is',
    `'${found.link}'`,
  ]);
}

export function renderNotFound({ violates, searched, seed }: NotFound, { name, maxFaults }: Asked): string {
  const { schedules, faults, moments, spread, withoutFaults, leads } = searched;
  const kinds = faults.map(({ type, count }) => `${type} ${number(count)}`).join(', ');
  const paragraphs = [
    `No violation of ${violates} in ${name}: tried ${counted(schedules, 'schedule')} of up to ${counted(maxFaults, 'fault')}, seed ${seed}. That is no proof that there is none.`,
    `Faults: ${kinds}. They began in ${moments} of 100 hundredths of the run. ${number(withoutFaults)} without faults, ${number(spread)} with latencies spread out; ${number(leads)} led somewhere new and were gone on from.`,
  ];
  const rows = searched.marks.map(({ name, runs }) => [name, runs === 0 ? 'never' : number(runs)]);
  return `${paragraphs.map((text) => indented('', text)).join('\n')}\n${table([left('It came to'), right('in runs')], rows)}\n`;
}

function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function told(fault: FaultSource): string {
  const filledIn = {
    oneWay: false,
    loss: 0,
    duplication: 0,
    driftPpm: 0,
    ...fault,
  } as unknown as FaultDocument;
  return withTimesGrouped(`${describeFault(filledIn, false).replace(/^fault: /, '')} at ${fault.atMs} ms`);
}

function parOf({ par, below }: ParFound): string {
  const fewer = below
    .map(({ schedules }, faults) => `${number(schedules)} schedules with ${faults}`)
    .join(', ');
  return `Par: ${counted(par, 'fault')}.${fewer === '' ? '' : ` None was found in ${fewer}.`}`;
}
