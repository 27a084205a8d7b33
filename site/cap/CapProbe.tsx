import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import {
  type CapOfKind,
  type CapReport,
  cutWays,
  fetchClusters,
  open,
  prepareCap,
  type Scenario,
} from '#engine';
import { formatMeasured, formatNumber } from '../lib/figures.ts';

export interface CapSystem {
  readonly id: string;
  readonly title: string;
  readonly scenario: Scenario;
}

interface Props {
  readonly systems: readonly CapSystem[];
  /** The probe of the first system as it comes, made when the page was built. */
  readonly report: CapReport;
}

/** Short beside the engine's own usual cut: somebody waits for it. */
export const probeForMs = 30_000;
/** Virtual time between two looks at the page. */
const sliceMs = 500;

/** Cut a system in two, wherever you like, and see what each side is answered. */
export default function CapProbe({ systems, report: firstReport }: Props) {
  const system = useSignal(systems[0]!);
  const side = useSignal(nodesOf(firstReport, systems[0]!.scenario));
  const way = useSignal(firstReport.cut.way);
  const report = useSignal<CapReport | null>(firstReport);
  const progress = useSignal(0);
  const isAwake = useSignal(false);
  const running = useSignal(0);
  const heading = useId();
  useEffect(() => {
    isAwake.value = true;
    return () => {
      running.value++;
    };
  }, [isAwake, running]);

  const nodes = system.value.scenario.nodes.map(({ id }) => id);
  const isCut = side.value.length > 0 && side.value.length < nodes.length;
  /** Without a side, the system's own is cut off: its last region, or a minority. */
  const run = async (cutOff: readonly string[] | null) => {
    const mine = ++running.value;
    const probe = prepareCap(system.peek().scenario, {
      ...(cutOff !== null && { side: cutOff }),
      way: way.peek(),
      forMs: probeForMs,
    });
    report.value = null;
    progress.value = 0;
    await fetchClusters([probe.scenario]);
    const player = open(probe.scenario, { observe: probe.observe });
    const slice = () => {
      if (running.peek() !== mine) return;
      player.advanceTo(player.nowMs + sliceMs);
      progress.value = Math.min(1, player.nowMs / player.durationMs);
      if (player.done) {
        report.value = probe.report(player.report());
        side.value = nodesOf(report.value, system.peek().scenario);
      } else setTimeout(slice, 0);
    };
    slice();
  };
  const choose = (id: string) => {
    system.value = systems.find((each) => each.id === id)!;
    side.value = [];
    run(null);
  };
  return (
    <section class="staleness cap wide" id="cap-probe" aria-labelledby={heading}>
      <header>
        <p class="kicker">Cut it yourself</p>
        <h3 id={heading}>What does each side of a cut get?</h3>
      </header>
      <div class="views">
        <div>
          {isAwake.value && (
            <>
              <p class="choice">
                <label>
                  System{' '}
                  <select
                    class="select"
                    value={system.value.id}
                    onChange={({ currentTarget }) => choose(currentTarget.value)}
                  >
                    {systems.map(({ id, title }) => (
                      <option key={id} value={id}>
                        {title}
                      </option>
                    ))}
                  </select>
                </label>
              </p>
              <p class="choice">
                <label>
                  Cut{' '}
                  <select
                    class="select"
                    value={way.value}
                    onChange={({ currentTarget }) => {
                      way.value = cutWays.find((each) => each === currentTarget.value)!;
                    }}
                  >
                    {cutWays.map((each) => (
                      <option key={each} value={each}>
                        {wayWords[each]}
                      </option>
                    ))}
                  </select>
                </label>
              </p>
              <fieldset class="delays">
                <legend>Cut off</legend>
                {nodes.map((name) => (
                  <label key={name} class="radio">
                    <input
                      type="checkbox"
                      checked={side.value.includes(name)}
                      onChange={({ currentTarget }) => {
                        side.value = nodes.filter((each) =>
                          each === name ? currentTarget.checked : side.value.includes(each),
                        );
                      }}
                    />
                    {name}
                  </label>
                ))}
              </fieldset>
              <p>
                <button
                  class="button primary"
                  type="button"
                  disabled={!isCut}
                  onClick={() => run(side.peek())}
                >
                  Cut for {probeForMs / 1000} s
                </button>{' '}
                {!isCut && report.value !== null && <span class="hint">Leave somebody on either side.</span>}
              </p>
            </>
          )}
        </div>
        <div aria-live="polite">
          {report.value === null ? (
            <p class="hint">Running: {Math.round(progress.value * 100)}%</p>
          ) : (
            <Outcome report={report.value} />
          )}
        </div>
      </div>
    </section>
  );
}

const wayWords = {
  both: 'both ways',
  out: 'what that side would send',
  in: 'what that side would be sent',
} as const;

/** Nodes that were cut off; helpers go with the side they stand on. */
function nodesOf({ cut }: CapReport, { nodes }: Scenario): string[] {
  return nodes.map(({ id }) => id).filter((id) => cut.cutOff.includes(id));
}

function Outcome({ report }: { report: CapReport }) {
  const { cut, reads, writes, divergence } = report;
  const converged = formatMeasured(divergence.convergedAfterMs, 'ms');
  return (
    <>
      <p>
        {cut.cutOff.join(', ')} cut off from {cut.rest.join(', ')}
      </p>
      <table>
        <caption>While cut</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">ok</th>
            <th scope="col">stale</th>
            <th scope="col">refused</th>
            <th scope="col">hung</th>
            <th scope="col">thrown away</th>
          </tr>
        </thead>
        <tbody>
          <Row name="reads, cut off" counts={reads.cutOff} />
          <Row name="reads, the rest" counts={reads.rest} />
          <Row name="writes, cut off" counts={writes.cutOff} />
          <Row name="writes, the rest" counts={writes.rest} />
        </tbody>
      </table>
      <dl class="figures">
        <Class name="reads" of={reads} />
        <Class name="writes" of={writes} />
        <div>
          <dt>until all held the same again</dt>
          <dd>
            {converged.value} {converged.unit}
          </dd>
        </div>
      </dl>
    </>
  );
}

function Row({ name, counts }: { name: string; counts: CapOfKind['cutOff'] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{formatNumber(counts.ok)}</td>
      <td>{formatNumber(counts.stale)}</td>
      <td>{formatNumber(counts.refused)}</td>
      <td>{formatNumber(counts.hung)}</td>
      <td>{formatNumber(counts.laterDiscarded)}</td>
    </tr>
  );
}

function Class({ name, of }: { name: string; of: CapOfKind }) {
  return (
    <div>
      <dt>{name}, by these counts</dt>
      <dd title={of.because}>{of.class}</dd>
    </div>
  );
}
