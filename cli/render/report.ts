import type { Causes, Failover, Outage, Report, Scenario, Verdict } from '#engine';
import {
  columnsMax,
  indented,
  left,
  milliseconds,
  number,
  right,
  table,
  withTimesGrouped,
} from './layout.ts';
import type { Paint } from './paint.ts';

interface Told {
  readonly scenario: Pick<Scenario, 'title'>;
  /** What the command was given, for the replay line. */
  readonly options: { readonly file: string; readonly until?: number };
  readonly paint: Paint;
}

/** One run, as a person reads it: what was asked and answered, what held and what broke, and how to see it again. */
export function renderReport(report: Report, { scenario, options, paint }: Told): string {
  const sections = [
    heading(report, scenario.title, options, paint),
    outcomes(report, paint),
    latencies(report, paint),
    staleness(report, paint),
    verdicts(report, paint),
    failovers(report, paint),
    lag(report, paint),
    streams(report, paint),
    replication(report, paint),
    snapshots(report, paint),
    coordination(report, paint),
    antiEntropy(report, paint),
    multiLeader(report, paint),
    certification(report, paint),
    tombstones(report, paint),
    siblings(report, paint),
    alerts(report, paint),
    nodes(report, paint),
    renderExpectations(report.expectations, paint),
    replay(report, options, paint),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading(report: Report, title: string, { until }: Told['options'], paint: Paint): string {
  const stopped = until !== undefined && until < report.durationMs ? `${number(until / 1000, 3)} of ` : '';
  return [
    paint.heading(indented('', title === '' ? report.scenario : `${report.scenario}: ${title}`)),
    paint.faint(
      `${stopped}${number(report.durationMs / 1000, 3)} s of virtual time, ${number(report.events)} events, ` +
        `${number(report.messages.sent)} messages (${number(report.messages.dropped)} dropped)`,
    ),
  ].join('\n');
}

const kinds = ['read', 'write'] as const;

function outcomes(report: Report, paint: Paint): string {
  const counts = table(
    [
      left('Operations'),
      right('ok'),
      right('failed'),
      right('unknown'),
      right('available'),
      right('longest outage'),
      right('from, ms'),
    ],
    kinds.map((kind) => {
      const { ok, fail, info } = report.operations[kind];
      const { ratio, longestOutageMs, outages } = report.availability[kind];
      const longest = outages.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))[0];
      const asked = ok + fail + info > 0;
      return [
        `${kind}s`,
        number(ok),
        number(fail),
        number(info),
        ratio === null ? '–' : percent(ratio),
        asked ? `${milliseconds(longestOutageMs)} ms` : '–',
        longest === undefined ? '–' : number(longest.fromMs),
      ];
    }),
    { paintTitles: paint.heading },
  );
  const outages = kinds.flatMap((kind) =>
    report.availability[kind].outages
      .filter(({ causes }) => causes !== undefined && causes.messages.length > 0)
      .map((outage) => renderOutage(kind, outage, paint)),
  );
  return [counts, ...outages].join('\n');
}

/** The first operation that failed in an outage, and what ended it. */
function renderOutage(kind: string, { fromMs, toMs, fail, info, causes }: Outage, paint: Paint): string {
  const [first, last] = causes!.operations;
  const until =
    last === undefined
      ? 'It went on to the end.'
      : `It ended with the answer to operation ${last.operation}.`;
  return [
    indented(
      '  ',
      `No ${kind} was answered from ${number(fromMs)} to ${number(toMs)} ms: ${number(fail)} failed, ${number(info)} may have happened. The first was operation ${first!.operation}. ${until}`,
    ),
    renderCauses(causes!, paint),
  ].join('\n');
}

/** Rounded down, so that 100 % is said only of a run without a failure. */
function percent(ratio: number): string {
  return `${number(Math.floor(ratio * 100_000) / 1000, 3)} %`;
}

function latencies(report: Report, paint: Paint): string {
  return table(
    [left('Latency, ms'), right('mean'), right('p50'), right('p99'), right('p99.9'), right('max')],
    kinds.map((kind) => {
      const { mean, p50, p99, p999, max } = report.latencyMs[kind];
      return [`${kind}s`, ...[mean, p50, p99, p999, max].map(milliseconds)];
    }),
    { paintTitles: paint.heading },
  );
}

function staleness({ staleness: stale }: Report, paint: Paint): string {
  if (stale === null) return '';
  return table(
    [left('Stale reads were behind by'), right('p50'), right('p99'), right('max')],
    [
      [
        'versions',
        ...[stale.versions.p50, stale.versions.p99, stale.versions.max].map((each) => number(each)),
      ],
      ['ms', ...[stale.ms.p50, stale.ms.p99, stale.ms.max].map(milliseconds)],
    ],
    { paintTitles: paint.heading },
  );
}

function verdicts(report: Report, paint: Paint): string {
  return [paint.heading('Verdicts'), ...report.verdicts.map((verdict) => renderVerdict(verdict, paint))].join(
    '\n',
  );
}

const verdictWidth = 17;

function renderVerdict({ name, result, count, witness }: Verdict, paint: Paint): string {
  const mark = { ok: paint.good, violation: paint.bad, unknown: paint.heading }[result];
  const counted = result === 'violation' ? `, ${number(count)} ${count === 1 ? 'case' : 'cases'}` : '';
  const lines = [`  ${name.padEnd(verdictWidth)}  ${mark(result)}${counted}`];
  if (witness !== null) {
    lines.push(`    for example, at ${number(witness.atMs, 3)} ms:`);
    lines.push(
      ...witness.story.map((sentence, index) =>
        indented(`${String(index + 1).padStart(5)}. `, withTimesGrouped(sentence)),
      ),
    );
    if (witness.causes !== undefined && witness.causes.messages.length > 0)
      lines.push(renderCauses(witness.causes, paint));
  }
  return lines.join('\n');
}

const whyDropped = { lost: 'lost', cut: 'cut off', down: 'nobody up', died: 'sender died' };

/** The messages of a witness: when each was sent and when it arrived, and what it is, over as many lines as that takes. */
function renderCauses({ messages, messagesMore }: Causes, paint: Paint): string {
  const margin = '    ';
  const times = messages.map(({ sentMs, arrivedMs, dropped }) => [
    number(sentMs, 3),
    arrivedMs !== null ? number(arrivedMs, 3) : dropped === null ? 'never' : whyDropped[dropped],
  ]);
  const titles = ['sent, ms', 'arrived'];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...times.map((row) => row[column]!.length)),
  );
  const room = columnsMax - widths.reduce((sum, width) => sum + width + 2, margin.length);
  const rows = messages.flatMap(({ from, to, what }, index) =>
    indented('', `${from} → ${to}: ${withTimesGrouped(what)}`, room - 2)
      .split('\n')
      .map((line, at) => [...(at === 0 ? times[index]! : ['', '']), at === 0 ? line : `  ${line}`]),
  );
  const lines = table([...titles.map(right), left('message')], rows, { paintTitles: paint.faint, margin });
  return messagesMore === 0 ? lines : `${lines}\n${margin}and ${number(messagesMore)} more`;
}

function failovers(report: Report, paint: Paint): string {
  if (report.failovers.length === 0 && report.rpo.writes === 0) return '';
  return [
    paint.heading('Failovers'),
    ...report.failovers.map(renderFailover),
    ...(report.overlapMs === 0
      ? []
      : [
          indented(
            '  ',
            `Two leaders acknowledged writes at once for ${milliseconds(report.overlapMs)} ms (split brain).`,
          ),
        ]),
    ...(report.zombieWritesRejected === 0
      ? []
      : [
          indented(
            '  ',
            `Writes of a superseded leader refused by the storage: ${number(report.zombieWritesRejected)}.`,
          ),
        ]),
    indented(
      '  ',
      report.rpo.writes === 0
        ? 'Acknowledged writes lost (RPO): none.'
        : `Acknowledged writes lost (RPO): ${number(report.rpo.writes)}, made within ${milliseconds(report.rpo.ms)} ms.`,
    ),
  ].join('\n');
}

function renderFailover(failover: Failover): string {
  const { fromNode, toNode, crashedAtMs, suspectedAtMs, detectedAfterMs, promotedAfterMs, rtoMs } = failover;
  const after = (what: string, ms: number | null) =>
    ms === null ? `never ${what}` : `${what} after ${number(ms)} ms`;
  const promoted =
    toNode === null ? 'nobody was promoted' : `${toNode} ${after('promoted', promotedAfterMs)}`;
  const { cause, discardedRecords } = failover;
  const given = {
    crash: `${fromNode} was given up at ${number(suspectedAtMs)} ms, and was down`,
    'false-alarm': `${fromNode} had not crashed, but was given up at ${number(suspectedAtMs)} ms`,
    operator: `An operator replaced ${fromNode} at ${number(suspectedAtMs)} ms`,
  };
  const discarded =
    discardedRecords === 0 ? '' : ` ${number(discardedRecords)} records were discarded afterwards.`;
  const story =
    crashedAtMs === null
      ? `${given[cause]}: ${promoted}.`
      : `${fromNode} crashed at ${number(crashedAtMs)} ms: ${after('noticed', detectedAfterMs)}, ${promoted}, ${after('writes back', rtoMs)} (RTO).`;
  return indented('  ', `${story}${discarded}`);
}

function lag(report: Report, paint: Paint): string {
  if (report.lag.length === 0) return '';
  return table(
    [
      left('Lag, ms: p50 of'),
      right('write_lag'),
      right('flush_lag'),
      right('replay_lag'),
      right('its max'),
      right('bytes max'),
    ],
    report.lag.map(({ node, writeLagMs, flushLagMs, replayLagMs, lagBytesMax }) => [
      node,
      milliseconds(writeLagMs.p50),
      milliseconds(flushLagMs.p50),
      milliseconds(replayLagMs.p50),
      milliseconds(replayLagMs.max),
      number(lagBytesMax),
    ]),
    { paintTitles: paint.heading },
  );
}

function streams(report: Report, paint: Paint): string {
  if (report.streams.length === 0) return '';
  return table(
    [
      left('Streams'),
      left('state'),
      left('sync_state'),
      right('sent, bytes/s'),
      right('at most'),
      right('disconnected, ms'),
    ],
    report.streams.map(({ node, state, syncState, walSendBytesPerSecond: { mean, max }, stateMs }) => [
      node,
      state,
      syncState,
      number(mean),
      number(max),
      milliseconds(stateMs.disconnected),
    ]),
    { paintTitles: paint.heading },
  );
}

/** Logs that were let go of, and who had to begin again from a copy of the data. */
function antiEntropy({ antiEntropy: counts }: Report, paint: Paint): string {
  if (counts === null) return '';
  const { sessions, givenUp, keys, roundsMax, bytes } = counts;
  const givenUpToo = givenUp === 0 ? '' : `, and ${number(givenUp)} that were given up`;
  return [
    paint.heading('Anti-entropy'),
    indented(
      '  ',
      `${number(sessions)} sessions${givenUpToo}: ${number(keys)} keys differed; at most ${number(roundsMax)} rounds each, ${number(bytes)} bytes in all.`,
    ),
  ].join('\n');
}

function certification({ certification: counts }: Report, paint: Paint): string {
  if (counts === null) return '';
  const { accepted, conflicts, rowWaits, turnedAway, waitingMost } = counts;
  const happened: [number, string][] = [
    [rowWaits, `Writes that waited for another of their member on the same row: ${number(rowWaits)}.`],
    [turnedAway, `Operations refused by members without a majority: ${number(turnedAway)}.`],
    [waitingMost, `Most operations waiting at one member: ${number(waitingMost)}.`],
  ];
  return [
    paint.heading('Certification'),
    indented('  ', `${number(accepted)} writes were first, ${number(conflicts)} were not and failed.`),
    ...happened.filter(([count]) => count > 0).map(([, sentence]) => indented('  ', sentence)),
  ].join('\n');
}

function constraintsTold(counts: NonNullable<Report['multiLeader']>['constraints']): [number, string][] {
  if (counts === null) return [];
  const { rejected, renamed, duplicates, orphans, droppedChildren, restoredParents } = counts;
  return [
    [rejected, `Rows not shown at the end, as another has their value: ${number(rejected)}.`],
    [renamed, `Rows renamed at the end, as another has their value: ${number(renamed)}.`],
    [duplicates, `Rows at the end that share their value with a newer one: ${number(duplicates)}.`],
    [orphans, `Rows at the end that refer to deleted ones: ${number(orphans)}.`],
    [
      droppedChildren,
      `Rows not shown at the end, as what they refer to was deleted: ${number(droppedChildren)}.`,
    ],
    [
      restoredParents,
      `Deleted rows shown again at the end, as others refer to them: ${number(restoredParents)}.`,
    ],
  ];
}

function multiLeader({ multiLeader: counts }: Report, paint: Paint): string {
  if (counts === null) return '';
  const { conflicts, overdrawn, lag: lags } = counts;
  const kinds: [number, string][] = [
    [conflicts.insertInsert, 'insert-insert'],
    [conflicts.updateUpdate, 'update-update'],
    [conflicts.updateDelete, 'update-delete'],
    [conflicts.deleteDelete, 'delete-delete'],
    [conflicts.uniqueKey, 'unique key'],
    [conflicts.foreignKey, 'foreign key'],
  ];
  const told = kinds.filter(([count]) => count > 0).map(([count, kind]) => `${kind} ${number(count)}`);
  const happened: [number, string][] = [
    [counts.skipped, `Changes skipped by rule: ${number(counts.skipped)}.`],
    [
      counts.updatesBeforeInserts,
      `Changes to a row before the change that made it: ${number(counts.updatesBeforeInserts)}.`,
    ],
    [counts.heldBack, `Changes that waited for those their author had seen: ${number(counts.heldBack)}.`],
    [counts.droppedAsKnown, `Changes dropped where they were known: ${number(counts.droppedAsKnown)}.`],
    [counts.givenUp, `Times that a leader gave another up and went around it: ${number(counts.givenUp)}.`],
    [
      counts.stopped,
      `Changes for a column that the table lacked, which stop a stream: ${number(counts.stopped)}.`,
    ],
    [
      counts.withoutColumn,
      `Writes refused for a column that the table lacked: ${number(counts.withoutColumn)}.`,
    ],
    [counts.refused, `Withdrawals refused: ${number(counts.refused)}.`],
    [counts.forbidden, `Writes refused for what they would break: ${number(counts.forbidden)}.`],
    ...constraintsTold(counts.constraints),
    [counts.partialRows, `Rows deleted in some columns only at the end: ${number(counts.partialRows)}.`],
    [counts.siblings, `Rows with more than one version at the end: ${number(counts.siblings)}.`],
    [counts.itemsBack, `Items back in carts that they were taken out of: ${number(counts.itemsBack)}.`],
    [
      counts.crdt?.bytes ?? 0,
      `Replicated types: ${number(counts.crdt?.bytes ?? 0)} bytes at the end, ${number(counts.crdt?.metadataBytes ?? 0)} of them beside the values; writes carried ${number(counts.crdt?.carriedBytes ?? 0)}.`,
    ],
    [
      overdrawn.accounts,
      `Accounts overdrawn at the end: ${number(overdrawn.accounts)}, the lowest at ${number(overdrawn.lowest)}.`,
    ],
  ];
  return [
    paint.heading(`Leaders: ${number(counts.streams)} streams`),
    indented(
      '  ',
      told.length === 0
        ? 'Conflicts: none.'
        : `Conflicts: ${number(conflicts.all)} (${told.join(', ')}), found ${number(counts.detections)} times by the leaders.`,
    ),
    ...happened.filter(([count]) => count > 0).map(([, sentence]) => indented('  ', sentence)),
    ...pairLags(lags, paint),
  ].join('\n');
}

/** Of more pairs than this, those with the longest lag are shown. */
const pairsMost = 12;

/** How far each leader is behind each other: N(N − 1) lags, the longest first. */
function pairLags(lags: NonNullable<Report['multiLeader']>['lag'], paint: Paint): string[] {
  if (lags.length === 0) return [];
  const shown = lags.toSorted((one, other) => other.maxMs - one.maxMs).slice(0, pairsMost);
  const rest = lags.length - shown.length;
  return [
    '',
    table(
      [left('Lag'), left('to'), right('p50, ms'), right('p99, ms'), right('longest, ms')],
      shown.map(({ from, to, p50Ms, p99Ms, maxMs }) => [
        from,
        to,
        milliseconds(p50Ms),
        milliseconds(p99Ms),
        milliseconds(maxMs),
      ]),
      { paintTitles: paint.heading },
    ),
    ...(rest === 0 ? [] : [paint.faint(`and ${number(rest)} more pairs, none of them longer behind`)]),
  ];
}

/** What coordinators did besides; only what happened is said. */
function coordination({ coordination: counts }: Report, paint: Paint): string {
  if (counts === null) return '';
  const { hintsStored, hintsReplayed, hintsExpired, hintsLost, hintsHeld, hintsHeldMax } = counts;
  const fates: [number, string][] = [
    [hintsReplayed, 'handed over'],
    [hintsExpired, 'too old to be'],
    [hintsLost, 'on nodes that are down'],
    [hintsHeld, 'still held'],
  ];
  const told: [number, string][] = [
    [counts.unavailable, `Refused, as too few replicas were held for up: ${number(counts.unavailable)}.`],
    [counts.timedOut, `Given up waiting for replicas: ${number(counts.timedOut)}.`],
    [counts.digestMismatches, `Reads whose digests differed: ${number(counts.digestMismatches)}.`],
    [counts.readRepairs, `Reads that repaired replicas: ${number(counts.readRepairs)}.`],
    [
      hintsStored,
      `Hints: ${number(hintsStored)}; ${fates
        .filter(([count]) => count > 0)
        .map(([count, fate]) => `${number(count)} ${fate}`)
        .join(', ')}; ${number(hintsHeldMax)} at once at most.`,
    ],
  ];
  const happened = told.filter(([count]) => count > 0).map(([, sentence]) => indented('  ', sentence));
  return happened.length === 0 ? '' : [paint.heading('Coordination'), ...happened].join('\n');
}

function tombstones({ tombstones: counts }: Report, paint: Paint): string {
  if (counts === null) return '';
  const told = `${number(counts.purged)} let go of, each node's counted; ${number(counts.held)} held at the end.`;
  return [paint.heading('Tombstones'), indented('  ', told)].join('\n');
}

function siblings({ siblings: counts }: Report, paint: Paint): string {
  if (counts === null || (counts.most <= 1 && counts.reads === 0)) return '';
  const { reads, readMost, keys, most } = counts;
  const read =
    reads === 0 ? 'No read found any' : `${number(reads)} reads found some, ${number(readMost)} at most`;
  const some = keys === 1 ? '1 key has' : `${number(keys)} keys have`;
  const left = keys === 0 ? 'none at the end' : `at the end ${some} some, ${number(most)} at most`;
  return [paint.heading('Siblings'), indented('  ', `${read}; ${left}.`)].join('\n');
}

function snapshots({ snapshots: counts }: Report, paint: Paint): string {
  if (counts === null || counts.taken === 0) return '';
  const told =
    `${number(counts.taken)} taken, so that no log had more than about ${number(counts.logEntriesMax)} entries` +
    (counts.installed === 0
      ? '.'
      : `; ${number(counts.installed)} sent to servers that lacked what was gone.`);
  return [paint.heading('Snapshots'), indented('  ', told)].join('\n');
}

/** What replication did besides; only what happened is said. */
function replication({ replication: counts }: Report, paint: Paint): string {
  if (counts === null) return '';
  const told: [number, string][] = [
    [counts.warnings, `Writes answered with a warning: ${number(counts.warnings)}.`],
    [
      counts.fallbacks,
      `Gave up waiting for followers ${number(counts.fallbacks)} times, for ${milliseconds(counts.fallenBackMs)} ms in all.`,
    ],
    [counts.lostWritesRead, `Writes that were read and are lost: ${number(counts.lostWritesRead)}.`],
    [counts.cancelledQueries, `Queries cancelled by replay: ${number(counts.cancelledQueries)}.`],
    [
      counts.deadRowsMax,
      `Rows kept dead for queries on followers, at most: ${number(counts.deadRowsMax)} (${number(counts.deadBytesMax)} bytes).`,
    ],
    [counts.slotsLost, `Slots lost: ${number(counts.slotsLost)}.`],
    [counts.baseBackups, `Base backups: ${number(counts.baseBackups)}.`],
    [counts.disksFull, `Leaders whose log filled their disk: ${number(counts.disksFull)}.`],
  ];
  const happened = told.filter(([count]) => count > 0).map(([, sentence]) => indented('  ', sentence));
  return happened.length === 0 ? '' : [paint.heading('Replication'), ...happened].join('\n');
}

function alerts(report: Report, paint: Paint): string {
  if (report.alerts.length === 0) return '';
  return table(
    [left('Alerts'), left('node'), right('raised, ms'), right('cleared, ms'), right('worst lag, ms')],
    report.alerts.map(({ alert, node, raisedAtMs, clearedAtMs, worstMs }) => [
      alert,
      node,
      number(raisedAtMs),
      clearedAtMs === null ? 'never' : number(clearedAtMs),
      milliseconds(worstMs),
    ]),
    { paintTitles: paint.heading },
  );
}

function nodes(report: Report, paint: Paint): string {
  const turnsAway = report.nodes.some(({ refused }) => refused > 0);
  return table(
    [
      left('Nodes'),
      left('role'),
      left('process'),
      right('reads'),
      right('writes'),
      right('applies'),
      ...(turnsAway ? [right('refused')] : []),
      right('queue max, ms'),
    ],
    report.nodes.map(({ node, role, process, reads, writes, applies, refused, queueMsMax }) => [
      node,
      role,
      process,
      number(reads),
      number(writes),
      number(applies),
      ...(turnsAway ? [number(refused)] : []),
      milliseconds(queueMsMax),
    ]),
    { paintTitles: paint.heading },
  );
}

export function renderExpectations(expectations: Report['expectations'], paint: Paint): string {
  if (expectations.length === 0) return '';
  return [
    paint.heading('Expectations'),
    ...expectations.map(({ expectation, met, measured }) => {
      const verdict = met ? paint.good('met   ') : paint.bad('MISSED');
      return `  ${verdict}  ${indented('          ', `${expectation} (measured: ${measured})`).trimStart()}`;
    }),
  ].join('\n');
}

/** A command to be copied: where it is too long for a line, a shell reads its lines as one. */
function commandLines(lead: string, command: string): string {
  return indented(lead, command, columnsMax - 2).replaceAll('\n', ' \\\n');
}

function replay(report: Report, { file, until }: Told['options'], paint: Paint): string {
  const untilFlag = until === undefined ? '' : ` --until ${until}`;
  return paint.faint(
    [
      commandLines('Replay: ', `quorate simulate ${file} --seed ${report.seed}${untilFlag}`),
      `        engine ${report.engine}, digest ${report.digest}`,
    ].join('\n'),
  );
}
