import type { Counterexample, NotFound } from '#engine';
import { indented, number } from './layout.ts';
import { renderYaml } from './yaml.ts';

interface Asked {
  /** The scenario's id. */
  readonly name: string;
  readonly violates: string;
  readonly maxFaults: number;
  readonly seed: number;
}

/** The shrunk schedule as a scenario; what there is to say about it stands in its comments. */
export function renderFound(found: Counterexample, { name, violates, seed }: Asked): string {
  const verdict = found.report.verdicts.find((each) => each.name === violates);
  const { length } = found.faults;
  const faults =
    length === 0
      ? 'Already without another fault'
      : `With ${length} more ${length === 1 ? 'fault' : 'faults'}`;
  return renderYaml(found.scenario, [
    `${faults}, ${name} violates ${violates} (search seed ${seed}; ${number(found.shrinks)} shrinks).`,
    ...(verdict?.witness?.story.map((sentence, index) => `${index + 1}. ${sentence}`) ?? []),
    'Its seed is in it: quorate simulate THIS-FILE shows it again.',
  ]);
}

export function renderNotFound(notFound: NotFound, { name, violates, maxFaults, seed }: Asked): string {
  const schedules = `${number(notFound.runs)} schedules of up to ${maxFaults} ${maxFaults === 1 ? 'fault' : 'faults'}`;
  return `${indented('', `No violation of ${violates} in ${name}: tried ${schedules}, seed ${seed}. That is no proof that there is none.`)}\n`;
}
