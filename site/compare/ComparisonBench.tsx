import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import {
  askedAt,
  Comparison,
  type ComparisonTable,
  comparedFigures,
  fetchClusters,
  open,
  type PreparedComparison,
} from '#engine';
import { formatMeasured, formatNumber } from '../lib/figures.ts';

interface Props {
  readonly prepared: PreparedComparison;
  /** What came of it when the page was built. */
  readonly table: ComparisonTable;
}

/** How often each client group may be made to ask, per second. */
const readRates = [10, 30, 100, 300] as const;
const writeRates = [1, 3, 10, 30, 100] as const;
/** Virtual time between two looks at the clock, and how long the page is kept from anything else. */
const stepMs = 20;
const sliceMs = 12;

/** The comparison of topologies, to be run again in the page with other rates. */
export default function ComparisonBench({ prepared, table: builtTable }: Props) {
  const built = ratesOf(prepared);
  const table = useSignal(builtTable);
  const readsPerSecond = useSignal(built.readsPerSecond);
  const writesPerSecond = useSignal(built.writesPerSecond);
  /** The rates that the table shows. */
  const shown = useSignal(built);
  /** 0 … 1; null while nothing runs. */
  const progress = useSignal<number | null>(null);
  const running = useSignal(0);
  const isAwake = useSignal(false);
  useEffect(() => {
    isAwake.value = true;
    return () => {
      running.value++;
    };
  }, [isAwake, running]);

  const run = async () => {
    const mine = ++running.value;
    const rates = { readsPerSecond: readsPerSecond.peek(), writesPerSecond: writesPerSecond.peek() };
    const asked = askedAt(prepared, rates);
    const comparison = new Comparison(asked);
    progress.value = 0;
    shown.value = rates;
    table.value = comparison.table();
    await fetchClusters(asked.contenders.map(({ calm }) => calm.scenario));
    let made = 0;
    let next = comparison.next();
    let player = open(next!.scenario);
    const slice = () => {
      if (running.peek() !== mine) return;
      const untilMs = performance.now() + sliceMs;
      while (!player.done && performance.now() < untilMs) player.advanceTo(player.nowMs + stepMs);
      if (player.done) {
        made++;
        comparison.took(next!, player.report());
        table.value = comparison.table();
        next = comparison.next();
        if (next === null) {
          progress.value = null;
          return;
        }
        player = open(next.scenario);
      }
      progress.value = (made + Math.min(1, player.nowMs / player.durationMs)) / comparison.runs;
      setTimeout(slice, 0);
    };
    slice();
  };
  const stop = () => {
    running.value++;
    progress.value = null;
  };
  const isRunning = progress.value !== null;
  return (
    <figure class="compare comparison wide" id="comparison">
      <Table prepared={prepared} table={table.value} isRunning={isRunning} />
      <figcaption class="provenance">
        <code>{prepared.workload}</code>, seed {prepared.seed}, {shown.value.readsPerSecond} reads and{' '}
        {shown.value.writesPerSecond} writes a second in each region; bold where none is better. Each cell
        names its run when you point at it. From a terminal:{' '}
        <code>
          quorate compare --workload {prepared.workload} --seed {prepared.seed}
        </code>
      </figcaption>
      {isAwake.value && (
        <form
          class="again"
          onSubmit={(event) => {
            event.preventDefault();
            if (isRunning) stop();
            else run();
          }}
        >
          <Rate
            label="Reads a second, in each region"
            rates={readRates}
            rate={readsPerSecond}
            disabled={isRunning}
          />
          <Rate
            label="Writes a second, in each region"
            rates={writeRates}
            rate={writesPerSecond}
            disabled={isRunning}
          />
          <button class={`button ${isRunning ? '' : 'primary'}`} type="submit">
            {isRunning ? 'Stop' : 'Run it here'}
          </button>
          <span class="hint" role="status">
            {isRunning &&
              `${Math.floor(progress.value! * 20) * 5}% of ${prepared.contenders.length * 2} runs`}
          </span>
        </form>
      )}
    </figure>
  );
}

function ratesOf({ contenders }: PreparedComparison) {
  const { readsPerSecond, writesPerSecond } = contenders[0]!.calm.scenario.workload.clients[0]!;
  return { readsPerSecond, writesPerSecond };
}

interface RateProps {
  readonly label: string;
  readonly rates: readonly number[];
  readonly rate: { value: number };
  readonly disabled: boolean;
}

function Rate({ label, rates, rate, disabled }: RateProps) {
  const id = useId();
  return (
    <p class="rate">
      <label for={id}>{label}</label>{' '}
      <select
        class="select"
        id={id}
        value={rate.value}
        disabled={disabled}
        onChange={({ currentTarget }) => {
          rate.value = Number(currentTarget.value);
        }}
      >
        {[...new Set([...rates, rate.value])]
          .sort((one, other) => one - other)
          .map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
      </select>
    </p>
  );
}

interface TableProps {
  readonly prepared: PreparedComparison;
  readonly table: ComparisonTable;
  readonly isRunning: boolean;
}

function Table({ prepared, table, isRunning }: TableProps) {
  const columns = prepared.contenders.map(({ name, title }) => ({
    name,
    title,
    measured: table.topologies.find((each) => each.name === name),
  }));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and who has no mouse must be able to
    <section class="scroll" tabIndex={0} aria-label="Topologies compared" aria-busy={isRunning}>
      <table>
        <caption>
          One workload over every topology, undisturbed and with a crash of the node that took most writes
        </caption>
        <thead>
          <tr>
            <td />
            {columns.map(({ name, title }) => (
              <th key={name} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {comparedFigures.map(({ name, title, unit }) => (
            <tr key={name}>
              <th scope="row">{title}</th>
              {columns.map(({ name: column, measured }) => {
                if (measured === undefined) return <td key={column}>…</td>;
                const { value, run, digest } = measured.cells[name];
                const text = words(value, unit);
                return (
                  <td key={column} title={`${run}, digest ${digest}`}>
                    {measured.bestAt.includes(name) ? <strong>{text}</strong> : text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function words(value: number | null, unit: string): string {
  if (value === null) return '–';
  if (unit === '%') return `${formatNumber(value * 100)}%`;
  const shown = formatMeasured(value, unit === 'ms' ? 'ms' : '');
  return `${shown.value} ${shown.unit}`.trim();
}
