import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useId, useMemo } from 'preact/hooks';
import { availability, fetchClusters, open, type Report, type Scenario, type ScenarioSource } from '#engine';
import ReplicationLab from '../labs/ReplicationLab.tsx';
import { figure, type Shown } from '../lib/figures.ts';
import { type Choice, first, possible, replicasMost, runOf, sourceOf, worstCase } from './choice.ts';

interface Props {
  /** content/scenarios/quorum-sliders.yaml, parsed and as it is written. */
  readonly base: Scenario;
  readonly source: ScenarioSource;
  /** The report of `first`, so that there are figures before the page computes any. */
  readonly report: Report;
}

/** A run waits so long for the hand to rest, and then goes on in slices of its own time. */
const restMs = 150;
const sliceMs = 250;

/** N, R, W and failures: what the arithmetic says, and what a run of the engine with these numbers does. */
export default function QuorumSliders({ base, source, report: firstReport }: Props) {
  const choice = useSignal(first);
  const report = useSignal<Report | null>(firstReport);
  const playing = useSignal<Choice | null>(null);
  const isAwake = useSignal(false);
  const heading = useId();
  useEffect(() => {
    isAwake.value = true;
  }, [isAwake]);
  useSignalEffect(() => {
    const chosen = choice.value;
    if (chosen === first) return;
    report.value = null;
    let player: ReturnType<typeof open> | undefined;
    let isOver = false;
    const slice = () => {
      player ??= open(runOf(base, chosen));
      player.advanceTo(player.nowMs + sliceMs);
      if (player.done) report.value = player.report();
      else waiting = setTimeout(slice, 0);
    };
    const begin = async () => {
      await fetchClusters([base]);
      if (!isOver) slice();
    };
    let waiting = setTimeout(begin, restMs);
    return () => {
      isOver = true;
      clearTimeout(waiting);
    };
  });
  const change = (part: Partial<Choice>) => {
    choice.value = possible({ ...choice.peek(), ...part });
  };
  const { n, r, w, down } = choice.value;
  return (
    <section class="staleness quorums wide" id="quorums" aria-labelledby={heading}>
      <header>
        <p class="kicker">Turn the knobs</p>
        <h3 id={heading}>What do N, R and W promise, and what do they withstand?</h3>
      </header>
      <div class="views">
        <div>
          {isAwake.value && (
            <div class="own">
              <Slider
                label="N, copies"
                value={n}
                least={1}
                most={replicasMost}
                onInput={(value) => change({ n: value })}
              />
              <Slider
                label="W, a write waits for"
                value={w}
                least={1}
                most={n}
                onInput={(value) => change({ w: value })}
              />
              <Slider
                label="R, a read waits for"
                value={r}
                least={1}
                most={n}
                onInput={(value) => change({ r: value })}
              />
              <Slider
                label="replicas that die"
                value={down}
                least={0}
                most={n}
                onInput={(value) => change({ down: value })}
              />
            </div>
          )}
          <Overlap choice={choice.value} />
        </div>
        <Says choice={choice.value} />
      </div>
      <div class="of-chosen">
        <h4>
          Run: N = {n}, W = {w}, R = {r},{' '}
          {down === 0 ? 'nobody dies' : `${down} of ${n} ${down === 1 ? 'dies' : 'die'} after a second`}
        </h4>
        <dl class="figures" aria-busy={report.value === null}>
          {shown.map((each) => {
            const { label, value, unit } = figure(report.value ?? firstReport, each);
            return (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{report.value === null ? '…' : `${value} ${unit}`}</dd>
              </div>
            );
          })}
        </dl>
        {report.value !== null && (
          <p class="hint">
            Run <code>quorum-sliders</code>, seed {report.value.seed}, digest{' '}
            <code>{report.value.digest}</code>
          </p>
        )}
      </div>
      {isAwake.value && (
        <div class="run">
          <p>
            <button
              class="button"
              type="button"
              onClick={() => {
                playing.value = choice.peek();
              }}
            >
              Play this run
            </button>
          </p>
          {playing.value !== null && <Played base={base} source={source} choice={playing.value} />}
        </div>
      )}
    </section>
  );
}

const shown: readonly Shown[] = [
  ['availability.write.ratio', 'writes that succeeded'],
  ['availability.read.ratio', 'reads that succeeded'],
  ['latencyMs.write.p50', 'median write'],
  ['latencyMs.write.p99', 'write at p99'],
  ['latencyMs.read.p50', 'median read'],
  ['latencyMs.read.p99', 'read at p99'],
  ['verdicts.stale-reads.count', 'stale reads'],
];

function Slider(props: {
  label: string;
  value: number;
  least: number;
  most: number;
  onInput: (value: number) => void;
}) {
  const id = useId();
  return (
    <p>
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="range"
        min={props.least}
        max={props.most}
        step="1"
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.valueAsNumber)}
      />
      <output for={id}>{props.value}</output>
    </p>
  );
}

const step = 60;

/** The replicas in a row, those a write waits for bracketed above, those a read waits for below, as far apart as can be. */
function Overlap({ choice }: { choice: Choice }) {
  const { n, down } = choice;
  const { write, read } = worstCase(choice);
  const width = replicasMost * step;
  const left = (width - n * step) / 2;
  const x = (replica: number) => left + (replica + 0.5) * step;
  const both = write.filter((replica) => read.includes(replica));
  const bracket = (of: readonly number[], y: number, towards: number) =>
    `M${x(of[0]!) - 22} ${y}v${towards}h${(of.length - 1) * step + 44}v${-towards}`;
  return (
    <svg
      class="plot overlap"
      viewBox={`0 0 ${width} 130`}
      role="img"
      aria-label={inWords(choice, both.length)}
    >
      {Array.from({ length: n }, (_, replica) => (
        <g key={replica}>
          <circle
            class={replica >= n - down ? 'dead' : both.includes(replica) ? 'both' : 'live'}
            cx={x(replica)}
            cy="65"
            r="18"
          />
          <text class="curve-name" x={x(replica)} y="70" text-anchor="middle">
            {replica >= n - down ? '✕' : 'abcdefg'[replica]}
          </text>
        </g>
      ))}
      {write.length > 0 && <path class="bracket" d={bracket(write, 40, -10)} />}
      <text x={write.length > 0 ? x(write[0]!) - 22 : left} y="20">
        {write.length > 0 ? 'a write has it here' : 'no write can be done'}
      </text>
      {read.length > 0 && <path class="bracket" d={bracket(read, 90, 10)} />}
      <text x={read.length > 0 ? x(read.at(-1)!) + 22 : left + n * step} y="118" text-anchor="end">
        {read.length > 0 ? 'a read asks here' : 'no read can be answered'}
      </text>
    </svg>
  );
}

function inWords({ n, r, w, down }: Choice, shared: number): string {
  return `${n} replicas, ${down} of them dead. ${n - down >= w ? `A write waits for ${w}` : 'No write can be done'}; ${n - down >= r ? `a read asks ${r}` : 'no read can be answered'}. At the least ${shared} of them are in both.`;
}

const pDown = 0.01;

function Says({ choice: { n, r, w, down } }: { choice: Choice }) {
  const shared = r + w - n;
  return (
    <ul class="says">
      <li>
        {shared > 0
          ? `W + R = ${w + r} is more than N = ${n}: every read meets every finished write, in ${shared} ${shared === 1 ? 'replica' : 'replicas'} at the least.`
          : `W + R = ${w + r} is not more than N = ${n}: a read can miss a finished write.`}
      </li>
      <li>
        Writes stand the loss of {n - w}, reads the loss of {n - r}.
        {down > 0 &&
          ` With ${down} dead ${goesOn(n - down >= w, 'writes')} and ${goesOn(n - down >= r, 'reads')}.`}
      </li>
      <li>
        If each replica is down 1% of the time, by itself, writes are possible{' '}
        {percent(availability(n, w, pDown))} of the time and reads {percent(availability(n, r, pDown))}.
      </li>
      {2 * w <= n && (
        <li>
          Two writes need not meet each other either: W is no majority, so neither may hear of the other.
        </li>
      )}
    </ul>
  );
}

function goesOn(does: boolean, what: string): string {
  return does ? `${what} go on` : `${what} stop`;
}

/** With as many nines as there are, and never rounded up to certainty. */
function percent(share: number): string {
  const downShare = 1 - share;
  const digits = downShare <= 0 ? 0 : Math.min(10, Math.max(0, Math.ceil(-Math.log10(downShare)) - 1));
  const scale = 10 ** digits;
  return `${(Math.floor(share * 100 * scale) / scale).toFixed(digits)}%`;
}

function Played({ base, source, choice }: { base: Scenario; source: ScenarioSource; choice: Choice }) {
  const variants = useMemo(
    () => [{ label: '', source: sourceOf(source, choice), scenario: runOf(base, choice) }],
    [base, source, choice],
  );
  const { n, r, w, down } = choice;
  return (
    <ReplicationLab
      key={`${n} ${r} ${w} ${down}`}
      id="quorums-run"
      whole={false}
      variants={variants}
      atMs={900}
      speed={0.05}
      show={shown}
    />
  );
}
