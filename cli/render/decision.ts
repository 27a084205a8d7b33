import type { Alternative, Flip, Reason, Recommendation, Requirements, Settings } from '#engine';
import { indented, number } from './layout.ts';
import type { Paint } from './paint.ts';

/** The answer, why, what comes second and what would change it; the evidence stands between, see `evidence.ts`. */
export function renderRecommendation(
  recommendation: Recommendation,
  { title }: Pick<Requirements, 'title'>,
  paint: Paint,
): string {
  const { answer, settings, reasons, unmet, warnings } = recommendation;
  return [
    paint.heading(indented('Recommendation: ', answer)),
    ...(title === '' ? [] : [paint.faint(indented('  for: ', title))]),
    '',
    ...renderSettings(settings),
    '',
    paint.heading('Why'),
    ...reasons.map((reason, index) => renderReason(`  ${index + 1}. `, reason, paint)),
    ...section('What no topology meets; this is the least bad', unmet, paint.bad, (each) =>
      renderReason('  - ', each, paint),
    ),
    ...section('Mind', warnings, paint.heading, (warning) => indented('  - ', warning)),
  ].join('\n');
}

export function renderAlternatives({ runnerUp, rejected, flips }: Recommendation, paint: Paint): string {
  return [
    paint.heading(`Runner-up: ${runnerUp.topology}`),
    ...runnerUp.reasons.map((reason) => indented('  - ', `${reason.because} (yours: ${reason.yourValue})`)),
    ...section('Not chosen, and the rules each would leave unmet', rejected, paint.heading, renderRejected),
    ...section('What would change the answer', flips, paint.heading, renderFlip),
  ].join('\n');
}

function section<Item>(
  title: string,
  items: readonly Item[],
  paintTitle: (text: string) => string,
  render: (item: Item) => string,
): string[] {
  return items.length === 0 ? [] : ['', paintTitle(title), ...items.map(render)];
}

function renderSettings(settings: Settings): string[] {
  const { placement, acknowledgement, reads, leaderReads, failover, election, quorum, expectedWriteP99Ms } =
    settings;
  const copies = placement.map(
    ({ count, role, region }) => `${count} ${role}${count === 1 ? '' : 's'} in ${region}`,
  );
  const lines = [indented('  copies    ', copies.join(', '))];
  if (acknowledgement !== null) lines.push(`  writes    ${acknowledgement}`);
  if (reads !== null) {
    const exceptions = leaderReads.length === 0 ? '' : `; ${leaderReads.join(', ')} from the leader`;
    lines.push(indented('  reads     ', `from the ${readsName[reads]}${exceptions}`));
  }
  if (quorum !== null) lines.push(`  quorum    n = ${quorum.n}, w = ${quorum.w}, r = ${quorum.r}`);
  if (failover !== null) {
    const { automatic, region, heartbeatMs, timeoutMs, expectedOutageMs } = failover;
    const timers = `heartbeat ${number(heartbeatMs)} ms, timeout ${number(timeoutMs)} ms, outage about ${number(expectedOutageMs)} ms`;
    lines.push(
      indented('  failover  ', automatic ? `automatic, managed in ${region}: ${timers}` : 'by people'),
    );
  }
  if (election !== null) {
    const { heartbeatMs, electionTimeoutMs, expectedOutageMs } = election;
    lines.push(
      indented(
        '  election  ',
        `heartbeat ${number(heartbeatMs)} ms, timeout ${number(electionTimeoutMs)} to ${number(2 * electionTimeoutMs)} ms, outage about ${number(expectedOutageMs)} ms`,
      ),
    );
  }
  lines.push(`  estimate  write p99 ${number(expectedWriteP99Ms, 1)} ms`);
  return lines;
}

const readsName = { leader: 'leader', followers: 'followers', nearest: 'nearest replica' } as const;

function renderReason(
  lead: string,
  { rule, field, yourValue, because, source }: Reason,
  paint: Paint,
): string {
  const margin = ' '.repeat(lead.length);
  return [
    indented(lead, because),
    paint.faint(indented(margin, `Rule: ${rule}. Yours: ${field}, ${yourValue}.`)),
    paint.faint(indented(margin, source.title)),
    // Never wrapped, so that a terminal keeps it one link.
    ...(source.url === undefined ? [] : [paint.faint(margin + source.url)]),
  ].join('\n');
}

function renderRejected({ topology, reasons }: Alternative): string {
  const rules = reasons.map((reason) => reason.rule).join('; ');
  return indented(`  ${topology.padEnd(topologyWidth)}  `, rules);
}

const topologyWidth = 'leader-follower'.length;

function renderFlip({ field, from, to, becomes }: Flip): string {
  return indented('  - ', `${field} ${say(from)} → ${say(to)}: ${becomes}`);
}

function say(value: Flip['from']): string {
  return typeof value === 'number' ? number(value, 3) : String(value);
}
