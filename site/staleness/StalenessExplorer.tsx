import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type { QuorumTable } from '#engine';
import ReplicationLab from '../labs/ReplicationLab.tsx';
import { formatMeasured, formatNumber } from '../lib/figures.ts';
import { Curves } from './Curves.tsx';
import { type Delays, ownDelays, published } from './delays.ts';
import { type Chosen, Explorer, type Found, freshShare, replicas, seedsMost } from './explorer.ts';
import type { Base } from './replay.ts';

interface Props {
  /** Of the delays that the page opens with. */
  readonly delaysId: string;
  readonly table: QuorumTable;
  readonly base: Base;
}

const answers = Array.from({ length: replicas }, (_, index) => index + 1);
const pairs = answers.flatMap((r) => answers.map((w) => ({ r, w })));

/** How likely a read is fresh, for every R, W and time since the write; and one run of each bucket, live. */
export default function StalenessExplorer({ delaysId, table, base }: Props) {
  const explorer = useMemo(() => {
    const delays = published.find(({ id }) => id === delaysId)!;
    return new Explorer({ delays, table, base, later: (work) => setTimeout(work, 0) });
  }, [delaysId, table, base]);
  const heading = useId();
  const isAwake = useSignal(false);
  useEffect(() => {
    isAwake.value = true;
  }, [isAwake]);
  return (
    <section class="staleness wide" id="staleness" aria-labelledby={heading}>
      <header>
        <p class="kicker">Staleness explorer</p>
        <h3 id={heading}>How likely does a read return the last write?</h3>
        <p class="hint">
          Three replicas. A write goes to all of them and waits for W, a read goes to all and waits for R. It
          begins t ms after the write was acknowledged.
          {isAwake.value && ' Choose a bucket to see a run in it.'}
        </p>
      </header>
      {isAwake.value && <DelaysChoice explorer={explorer} />}
      <div class="views">
        <HeatMap explorer={explorer} isAwake={isAwake.value} />
        <figure class="curves">
          <Curves
            table={explorer.table.value}
            timesMs={explorer.delays.value.timesMs}
            chosen={explorer.chosen.value}
          />
          <figcaption>The same as curves, t not to scale. The strict pairs lie on the upper edge.</figcaption>
        </figure>
      </div>
      <ChosenFigures explorer={explorer} />
      {isAwake.value && <Run explorer={explorer} />}
      <p class="visually-hidden" role="status">
        {explorer.announcement}
      </p>
    </section>
  );
}

function DelaysChoice({ explorer }: { explorer: Explorer }) {
  const name = useId();
  const own = useSignal(false);
  const writeMs = useSignal(5);
  const otherMs = useSignal(1);
  const chooseOwn = () => {
    own.value = true;
    explorer.setDelays(ownDelays(writeMs.value, otherMs.value));
  };
  const choices: readonly Delays[] = [...published, ownDelays(writeMs.value, otherMs.value)];
  return (
    <fieldset class="delays">
      <legend>Delays</legend>
      {choices.map((delays, index) => {
        const isOwn = index === published.length;
        return (
          <label key={isOwn ? 'own' : delays.id} class="radio">
            <input
              type="radio"
              name={name}
              checked={isOwn ? own.value : !own.value && explorer.delays.value.id === delays.id}
              onChange={() => {
                if (isOwn) chooseOwn();
                else {
                  own.value = false;
                  explorer.setDelays(delays);
                }
              }}
            />
            <span>
              {delays.label} <small>{delays.note}</small>
            </span>
          </label>
        );
      })}
      {own.value && (
        <div class="own">
          <Mean label="A write’s way to a replica" value={writeMs} onChange={chooseOwn} />
          <Mean label="Each other way" value={otherMs} onChange={chooseOwn} />
        </div>
      )}
    </fieldset>
  );
}

const means = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] as const;

function Mean({ label, value, onChange }: { label: string; value: { value: number }; onChange: () => void }) {
  const id = useId();
  return (
    <p>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min="0"
        max={means.length - 1}
        step="1"
        value={means.indexOf(value.value as (typeof means)[number])}
        aria-valuetext={`${value.value} ms`}
        onInput={(event) => {
          value.value = means[event.currentTarget.valueAsNumber]!;
          onChange();
        }}
      />
      <output for={id}>{value.value} ms</output>
    </p>
  );
}

/** Rows of R and W, columns of t. One bucket is in the tab order; the arrow keys go to the others. */
function HeatMap({ explorer, isAwake }: { explorer: Explorer; isAwake: boolean }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const { timesMs } = explorer.delays.value;
  const chosen = explorer.chosen.value;
  const move = (event: KeyboardEvent, row: number, column: number) => {
    const [down, right] = steps[event.key] ?? [0, 0];
    if (down === 0 && right === 0) return;
    event.preventDefault();
    const toRow = Math.min(pairs.length - 1, Math.max(0, row + down));
    const toColumn = Math.min(timesMs.length - 1, Math.max(0, column + right));
    explorer.choose({ ...pairs[toRow]!, column: toColumn });
    const cell = body.current?.rows[toRow]?.cells[toColumn + 1];
    cell?.querySelector('button')?.focus();
  };
  return (
    <div class="heat">
      <table aria-busy={explorer.progress.value < 1}>
        <caption>
          Fresh reads in %{' '}
          <span class="progress">
            {explorer.progress.value < 1
              ? `computing, ${Math.round(explorer.progress.value * 100)}%`
              : `${formatNumber(explorer.table.value.trials)} trials`}
          </span>
        </caption>
        <thead>
          <tr>
            <th scope="col">R, W</th>
            {timesMs.map((tMs) => (
              <th key={tMs} scope="col">
                {formatNumber(tMs)}
                <span class="visually-hidden"> ms after</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {pairs.map(({ r, w }, row) => (
            <tr key={`${r} ${w}`} class={r + w > replicas ? 'strict' : ''}>
              <th scope="row">
                <span class="visually-hidden">R </span>
                {r}, <span class="visually-hidden">W </span>
                {w}
              </th>
              {timesMs.map((_, column) => {
                const bucket = { r, w, column };
                const fresh = explorer.fresh(bucket);
                const isChosen = chosen.r === r && chosen.w === w && chosen.column === column;
                return (
                  <td key={column} class={`heat-${levelOf(1 - fresh)} ${isChosen ? 'chosen' : ''}`}>
                    {isAwake ? (
                      <button
                        type="button"
                        tabIndex={isChosen ? 0 : -1}
                        aria-pressed={isChosen}
                        aria-label={bucketName(bucket, timesMs, fresh)}
                        onKeyDown={(event) => move(event, row, column)}
                        onClick={() => {
                          explorer.choose(bucket);
                          explorer.find();
                        }}
                      >
                        {percent(fresh, r + w > replicas)}
                      </button>
                    ) : (
                      percent(fresh, r + w > replicas)
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

function bucketName({ r, w, column }: Chosen, timesMs: readonly number[], fresh: number): string {
  return `R ${r}, W ${w}, ${formatNumber(timesMs[column]!)} ms after: ${percent(fresh, r + w > replicas)}% fresh`;
}

/** Never rounded up to certainty: where only no trial was stale, it is about 100. */
function percent(share: number, isStrict: boolean): string {
  if (share === 1) return isStrict ? '100' : '~100';
  const digits = share > 0.9995 ? 3 : share > 0.995 ? 2 : 1;
  const scale = 10 ** digits;
  return (Math.floor(share * 100 * scale) / scale).toFixed(digits);
}

/** Least stale shares of the levels of heat. */
const levels = [0.000_001, 0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4];

function levelOf(stale: number): number {
  return levels.filter((least) => stale >= least).length;
}

function ChosenFigures({ explorer }: { explorer: Explorer }) {
  const figures = useComputed(() => {
    const { r, w, column } = explorer.chosen.value;
    const { readMs, writeMs, tVisibilityMs } = explorer.table.value;
    const { timesMs } = explorer.delays.value;
    return [
      [
        `fresh ${formatNumber(timesMs[column]!)} ms after`,
        `${percent(explorer.fresh(explorer.chosen.value), r + w > replicas)}%`,
      ],
      [`until ${freshShare * 100}% are`, inMs(tVisibilityMs[r - 1]![w - 1]!)],
      ['median read', inMs(readMs[r - 1]!.p50)],
      ['read at p99.9', inMs(readMs[r - 1]!.p999)],
      ['median write', inMs(writeMs[w - 1]!.p50)],
      ['write at p99.9', inMs(writeMs[w - 1]!.p999)],
    ] as const;
  });
  const { r, w } = explorer.chosen.value;
  return (
    <div class="of-chosen">
      <h4>
        R = {r}, W = {w}
      </h4>
      <dl class="figures">
        {figures.value.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function inMs(value: number): string {
  const { value: number, unit } = formatMeasured(value, 'ms');
  return `${number} ${unit}`;
}

/** The run that was found for the bucket, and the lab that plays it. */
function Run({ explorer }: { explorer: Explorer }) {
  const searching = explorer.searching.value;
  const found = explorer.found.value;
  return (
    <div class="run">
      <p>
        <button
          class="button"
          type="button"
          onClick={() => explorer.find()}
          aria-disabled={searching !== null}
        >
          Find a run of this bucket
        </button>{' '}
        {searching !== null && <span class="hint">Looking, {searching} runs so far</span>}
      </p>
      {found !== null && <FoundRun key={`${found.seed} ${bucketKey(found)}`} found={found} />}
    </div>
  );
}

function bucketKey({ chosen: { r, w, column }, delays }: Found): string {
  return `${delays.id} ${r} ${w} ${column}`;
}

function FoundRun({ found }: { found: Found }) {
  const { chosen, delays, seed, isStale, acknowledgedMs, scenario, source, tried } = found;
  const variants = useMemo(() => [{ label: '', source, scenario }], [scenario, source]);
  const canBeStale = chosen.r + chosen.w <= replicas;
  return (
    <>
      <p>
        {isStale &&
          `Seed ${seed}: a stale read. ${tried === 1 ? 'It was the first seed tried.' : `The reads of the ${tried - 1} seeds before it were fresh.`} `}
        {!isStale && canBeStale && `None of ${seedsMost} runs had a stale read; here is one of them. `}
        {!canBeStale && 'R + W is larger than N: there is no stale read to be found. Here is a fresh one. '}
        The write of the {delays.label} run is acknowledged at {acknowledgedMs.toFixed(3)} ms, and the read
        begins {formatNumber(delays.timesMs[chosen.column]!)} ms later.
      </p>
      <ReplicationLab
        id="staleness-run"
        whole={false}
        variants={variants}
        atMs={10}
        speed={0.01}
        show={shown}
      />
    </>
  );
}

const shown = [
  ['verdicts.stale-reads.count', 'stale reads'],
  ['operations.read.ok', 'reads answered'],
  ['operations.write.ok', 'writes acknowledged'],
] as const;
