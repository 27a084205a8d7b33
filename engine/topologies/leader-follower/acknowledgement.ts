/**
 * Whom a write waits for. PostgreSQL, MySQL, MongoDB and Redis each have words of their own; all come down to one rule,
 * so that the path of a write knows one: what the leader itself has done, what followers have done, how many of them and
 * which, for how long, and whether others see the write meanwhile.
 */

import type { Problem } from '../../scenario/problems.ts';
import { showValue, unknownName } from '../../scenario/problems.ts';
import { toUs } from '../../scenario/scenario.ts';
import type { AcknowledgementDocument } from './schema.ts';
import { parseStandbyNames } from './standby-names.ts';

/** How far a replica has come with a record: its operating system has it, its disk has it, it shows in the data. */
export const WRITTEN = 0;
export const ON_DISK = 1;
export const REPLAYED = 2;
export type Stage = typeof WRITTEN | typeof ON_DISK | typeof REPLAYED;

/** What becomes of a write that has waited for the whole timeout. */
export const NO_TIMEOUT = 0;
/** MySQL: the leader stops waiting at all, until followers have caught up. */
export const FALLS_BACK = 1;
/** Redis: its client is told that fewer followers have it than it asked for. */
export const WARNS = 2;

export interface Acknowledgement {
  /** What the leader itself has done with a record that it answers for. */
  readonly ownStage: typeof WRITTEN | typeof ON_DISK;
  /** What followers have done with it. */
  readonly stage: Stage;
  /** How many followers; 0 is asynchronous. */
  readonly count: number;
  /** Any `count` of those listed, or the first `count` that are connected, by priority. */
  readonly byPriority: boolean;
  /** By node: its place in the list, from 1; 0 where it is not listed. */
  readonly priorities: readonly number[];
  /** Whether only followers in streaming state count, as in PostgreSQL. */
  readonly streamingOnly: boolean;
  /** Of how many followers one must be heard before somebody is promoted; 0 where nobody keeps to that. */
  readonly promised: number;
  /** 0 is forever. */
  readonly timeoutUs: number;
  readonly onTimeout: typeof NO_TIMEOUT | typeof FALLS_BACK | typeof WARNS;
  /** Whether a write shows to readers of the leader once the leader itself has done its part, before anybody answers. */
  readonly visibleAtOnce: boolean;
  /** How long the leader's log waits in memory before it is flushed; 0 where each write asks for it. */
  readonly walWriterUs: number;
  /** Writes are refused while fewer followers than these have been heard of within `goodLagUs`. */
  readonly goodFollowers: number;
  readonly goodLagUs: number;
}

const plain: Acknowledgement = {
  ownStage: ON_DISK,
  stage: ON_DISK,
  count: 0,
  byPriority: false,
  priorities: [],
  streamingOnly: false,
  promised: 0,
  timeoutUs: 0,
  onTimeout: NO_TIMEOUT,
  visibleAtOnce: false,
  walWriterUs: 0,
  goodFollowers: 0,
  goodLagUs: 0,
};

/** Any `count` of all replicas' disks besides the leader's own. */
export function anyOf(count: number, replicas: number): Acknowledgement {
  return { ...plain, count, promised: count, priorities: new Array<number>(replicas).fill(1) };
}

/** As written in a scenario, to the rule; problems in it are added to the list. */
export function acknowledgementOf(
  document: AcknowledgementDocument,
  nodes: readonly string[],
  problems: Problem[],
  path: Problem['path'],
): Acknowledgement {
  const replicas = nodes.length;
  switch (document) {
    case 'asynchronous':
      return anyOf(0, replicas);
    case 'semi-synchronous':
      return anyOf(Math.min(1, replicas - 1), replicas);
    case 'synchronous':
      return anyOf(replicas - 1, replicas);
  }
  const enough = (key: string, count: number, most: number): number => {
    if (count > most)
      problems.push({
        path: [...path, ...key.split('.')],
        found: String(count),
        expected: `at most ${most}, as many as there are`,
        hint: 'no write would ever be acknowledged',
      });
    return count;
  };
  switch (document.style) {
    case 'postgresql':
      return postgresql(document, nodes, path, problems);
    case 'mysql-semi-sync':
      return {
        ...anyOf(enough('replicas', document.replicas, replicas - 1), replicas),
        timeoutUs: toUs(document.timeoutMs),
        onTimeout: FALLS_BACK,
        visibleAtOnce: document.waitPoint === 'after-commit',
      };
    case 'mongodb': {
      const stage = document.journal ? ON_DISK : WRITTEN;
      const w = document.w === 'majority' ? Math.floor(replicas / 2) + 1 : enough('w', document.w, replicas);
      return { ...anyOf(w - 1, replicas), ownStage: stage, stage, visibleAtOnce: true };
    }
    case 'redis': {
      const { wait, minReplicasToWrite, minReplicasMaxLagMs } = document;
      return {
        ...anyOf(wait === undefined ? 0 : enough('wait.replicas', wait.replicas, replicas - 1), replicas),
        ownStage: WRITTEN,
        stage: WRITTEN,
        visibleAtOnce: true,
        promised: 0,
        timeoutUs: toUs(wait?.timeoutMs ?? 0),
        onTimeout: wait === undefined || wait.timeoutMs === 0 ? NO_TIMEOUT : WARNS,
        goodFollowers: enough('minReplicasToWrite', minReplicasToWrite, replicas - 1),
        goodLagUs: toUs(minReplicasMaxLagMs),
      };
    }
  }
}

/** Table 20.1 of runtime-config-wal: what each level of `synchronous_commit` waits for. */
function postgresql(
  { level, standbys, walWriterDelayMs }: Extract<AcknowledgementDocument, { style: 'postgresql' }>,
  nodes: readonly string[],
  path: Problem['path'],
  problems: Problem[],
): Acknowledgement {
  const parsed = parseStandbyNames(standbys);
  const at = [...path, 'standbys'];
  if ('expected' in parsed) {
    problems.push({ path: at, ...parsed, hint: `in ${showValue(standbys)}` });
    return anyOf(0, nodes.length);
  }
  for (const name of parsed.names)
    if (name !== '*' && !nodes.includes(name)) problems.push(unknownName(name, 'a node', nodes, at));
  const places = nodes.map((node) => {
    const place = parsed.names.findIndex((name) => name === '*' || name === node);
    return place + 1;
  });
  const waits = parsed.count > 0 && level !== 'off' && level !== 'local';
  return {
    ...plain,
    priorities: places,
    count: waits ? parsed.count : 0,
    promised: waits ? parsed.count : 0,
    byPriority: parsed.method === 'first',
    streamingOnly: true,
    ownStage: level === 'off' ? WRITTEN : ON_DISK,
    stage: level === 'remote_write' ? WRITTEN : level === 'remote_apply' ? REPLAYED : ON_DISK,
    walWriterUs: level === 'off' ? toUs(walWriterDelayMs) : 0,
  };
}
