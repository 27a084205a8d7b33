import type { Counterexample, NotFound } from '#engine';
import { indented, number } from './layout.ts';
import { renderYaml } from './yaml.ts';

interface Asked {
  readonly file: string;
  readonly violates: string;
  readonly maxFaults: number;
  readonly seed: number;
}

/** The shrunk schedule as a scenario; what there is to say about it stands in its comments. */
export function renderFound(found: Counterexample, { file, violates, seed }: Asked): string {
  const verdict = found.report.verdicts.find((each) => each.name === violates);
  const faults = `${found.faults.length} ${found.faults.length === 1 ? 'fault breaks' : 'faults break'}`;
  return renderYaml(found.scenario, [
    `${faults} ${violates} in ${file} (search seed ${seed}; shrunk ${number(found.shrinks)} times).`,
    ...(verdict?.witness?.story.map((sentence, index) => `${index + 1}. ${sentence}`) ?? []),
    'Its seed is in it: quorate simulate THIS-FILE shows it again.',
  ]);
}

export function renderNotFound(notFound: NotFound, { file, violates, maxFaults, seed }: Asked): string {
  const schedules = `${number(notFound.runs)} schedules of up to ${maxFaults} ${maxFaults === 1 ? 'fault' : 'faults'}`;
  return `${indented('', `No violation of ${violates} in ${file}: tried ${schedules}, seed ${seed}. That is no proof that there is none.`)}\n`;
}
