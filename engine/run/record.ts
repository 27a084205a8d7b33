/**
 * Runs that can be claimed again: a record says which run it was, a link carries what is needed to run it. Both name the
 * engine's version, and another version refuses them: it would run something else and call it the same.
 */

import { InputError } from '../scenario/problems.ts';
import type { FaultSource, ScenarioSource } from '../scenario/schema.ts';
import type { Report } from './report.ts';
import { engineVersion } from './version.ts';

/** What was run: the scenario as written, the seed, and the faults given live. */
export interface RunLink {
  readonly scenario: ScenarioSource;
  readonly seed: number;
  readonly injected: readonly FaultSource[];
}

const scheme = 'quorate';

/** A run as text for the fragment of an address: `quorate/0.5.0/…`, escaped JSON. */
export function encodeLink(link: RunLink): string {
  return `${scheme}/${engineVersion}/${encodeURIComponent(JSON.stringify(link))}`;
}

/**
 * The run that a link stands for; its scenario is still to be parsed. Throws InputError for what is no link, and for
 * the link of another engine version, naming it.
 */
export function decodeLink(text: string): RunLink {
  const [name, version, ...rest] = text.replace(/^#/, '').split('/');
  if (name !== scheme || version === undefined || rest.length === 0) {
    throw new InputError('link', [
      { path: [], found: JSON.stringify(text.slice(0, 40)), expected: `a link that begins with ${scheme}/` },
    ]);
  }
  checkVersion(version);
  const link = parsed(rest.join('/'));
  if (
    typeof link !== 'object' ||
    link === null ||
    !('scenario' in link) ||
    !('seed' in link) ||
    !('injected' in link)
  ) {
    throw new InputError('link', [
      { path: [], found: 'something else', expected: 'a scenario, a seed and injected faults' },
    ]);
  }
  return link as RunLink;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(text));
  } catch {
    throw new InputError('link', [
      { path: [], found: 'text that is cut short or changed', expected: 'a whole link' },
    ]);
  }
}

/** Whether a report is of the run that a record claims. Throws InputError for a record of another engine version. */
export function confirms(
  record: Pick<Report, 'engine' | 'scenario' | 'seed' | 'digest'>,
  report: Report,
): boolean {
  checkVersion(record.engine);
  return (
    record.scenario === report.scenario && record.seed === report.seed && record.digest === report.digest
  );
}

function checkVersion(version: string): void {
  if (version === engineVersion) return;
  throw new InputError('link', [
    {
      path: ['engine'],
      found: `engine ${version}`,
      expected: `engine ${engineVersion}`,
      hint: 'another version may run another history; open it with the version it was made with',
    },
  ]);
}
