import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Coverage, Scenario } from '#engine';
import { formatNumber } from '../lib/figures.ts';
import type { ExploreReply, ExploreRequest } from './explore.worker.ts';

export interface ExploreCase {
  readonly id: string;
  readonly title: string;
  readonly scenario: Scenario;
}

interface Props {
  readonly cases: readonly ExploreCase[];
  /** Of the first case with one crash, made when the page was built. */
  readonly coverage: Coverage;
  readonly depth: number;
  readonly states: number;
}

interface Progress {
  readonly unique: number;
  readonly depth: number;
}

/** Every order of what may happen in a small model of a scenario, visited in a thread of its own. */
export default function ExploreBench({ cases, coverage: first, depth, states }: Props) {
  const chosen = useSignal(cases[0]!);
  const crashes = useSignal(1);
  const coverage = useSignal<Coverage | null>(first);
  const statesPerSecond = useSignal<number | null>(null);
  const progress = useSignal<Progress | null>(null);
  const isAwake = useSignal(false);
  const worker = useRef<Worker | null>(null);
  const heading = useId();
  const stop = () => {
    worker.current?.terminate();
    worker.current = null;
    progress.value = null;
  };
  useEffect(() => {
    isAwake.value = true;
    return stop;
  }, []);

  const run = () => {
    stop();
    coverage.value = null;
    statesPerSecond.value = null;
    progress.value = { unique: 0, depth: 0 };
    worker.current = new Worker(new URL('./explore.worker.ts', import.meta.url), { type: 'module' });
    worker.current.onmessage = ({ data }: MessageEvent<ExploreReply>) => {
      if (data.type === 'progress') {
        progress.value = data;
        return;
      }
      coverage.value = data.coverage;
      statesPerSecond.value = (data.coverage.unique / Math.max(data.tookMs, 1)) * 1000;
      stop();
    };
    const request: ExploreRequest = {
      scenario: chosen.peek().scenario,
      crashes: crashes.peek(),
      depth,
      states,
    };
    worker.current.postMessage(request);
  };

  return (
    <section class="staleness wide" id="explore" aria-labelledby={heading}>
      <header>
        <p class="kicker">Every order</p>
        <h3 id={heading}>Can an acknowledged write be lost?</h3>
      </header>
      {isAwake.value && (
        <p class="choice">
          <label>
            Cluster{' '}
            <select
              class="select"
              value={chosen.value.id}
              onChange={({ currentTarget }) => {
                chosen.value = cases.find(({ id }) => id === currentTarget.value)!;
              }}
            >
              {cases.map(({ id, title }) => (
                <option key={id} value={id}>
                  {title}
                </option>
              ))}
            </select>
          </label>{' '}
          <label>
            Crashes{' '}
            <select
              class="select"
              value={crashes.value}
              onChange={({ currentTarget }) => {
                crashes.value = Number(currentTarget.value);
              }}
            >
              {[0, 1, 2].map((each) => (
                <option key={each} value={each}>
                  {each === 0 ? 'none' : each}
                </option>
              ))}
            </select>
          </label>{' '}
          {progress.value === null ? (
            <button class="button primary" type="button" onClick={run}>
              Try every order
            </button>
          ) : (
            <button class="button" type="button" onClick={stop}>
              Stop
            </button>
          )}
        </p>
      )}
      <div aria-live="polite">
        {progress.value !== null && (
          <p class="hint">
            {formatNumber(progress.value.unique)} states so far, {progress.value.depth} choices deep
          </p>
        )}
        {coverage.value !== null && <Explored coverage={coverage.value} />}
        {coverage.value === null && progress.value === null && (
          <p class="hint">Stopped: nothing is known of what was not visited.</p>
        )}
        {statesPerSecond.value !== null && (
          <p class="hint">
            {formatNumber(Math.round(statesPerSecond.value))} states a second, on this machine
          </p>
        )}
      </div>
    </section>
  );
}

function Explored({ coverage }: { readonly coverage: Coverage }) {
  const { result, violation, unique, depth, complete, sometimes } = coverage;
  const never = sometimes.filter((each) => each.depth === null).map(({ name }) => name);
  return (
    <>
      <p>
        {violation !== null
          ? `Yes: ${violation.how}. The shortest way there takes ${violation.path.length} choices.`
          : result === 'unknown'
            ? 'Unknown: there are more states than were looked at.'
            : complete
              ? 'No: every state there is was visited.'
              : 'Not in so few choices.'}{' '}
        Different states: {formatNumber(unique)}, up to {depth} choices deep.
        {never.length > 0 && ` Never so: ${never.join('; ')}.`}
      </p>
      {violation !== null && (
        <ol>
          {violation.path.map(({ number, sentence }) => (
            <li key={number}>{sentence}</li>
          ))}
        </ol>
      )}
    </>
  );
}
