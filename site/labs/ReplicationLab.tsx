import { useComputed, useSignalEffect } from '@preact/signals';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type { FaultAction } from '#engine';
import { formatNumber } from '../lib/figures.ts';
import { acknowledgements, Lab, type LabScenario, speeds } from './lab.ts';
import { PictureView } from './PictureView.tsx';
import { shapes } from './picture.ts';

interface Props extends LabScenario {
  /** What the reader is to find out; a lab without a question is a toy. */
  readonly question: string;
  readonly hint: string;
}

/** Leader and followers, live: the run of the engine that the page's figures come from, to be watched and broken. */
export default function ReplicationLab({ question, hint, source, scenario }: Props) {
  const lab = useMemo(() => new Lab({ source, scenario }), [source, scenario]);
  const root = useRef<HTMLElement>(null);
  useFrames(lab, root);
  const heading = useId();
  return (
    <section class="lab wide" id="lab" aria-labelledby={heading} ref={root} data-testid="lab">
      <header class="lab-head">
        <p class="kicker">Lab</p>
        <h3 id={heading}>{question}</h3>
        <p class="hint">{hint}</p>
      </header>
      <figure class="stage">
        <PictureView picture={lab.picture} onLink={(a, b) => toggleCut(lab, a, b)} />
        <figcaption>
          <Legend />
          <noscript>
            <p>
              This is the cluster {lab.nowText.peek()} into the run with seed {lab.seed.peek()}. With
              JavaScript it plays. {lab.picture.sentence.peek()}
            </p>
          </noscript>
        </figcaption>
      </figure>
      <Transport lab={lab} />
      <div class="panels">
        <Settings lab={lab} />
        <NodeFaults lab={lab} />
        <LinkFaults lab={lab} />
        <LagTable lab={lab} />
      </div>
      <MetricsPanel lab={lab} />
      <Log lab={lab} />
      <Identity lab={lab} />
      <Announcer lab={lab} />
    </section>
  );
}

/** Asks for animation frames while the lab plays, can be seen and is not in a hidden tab; at no other time. */
function useFrames(lab: Lab, root: { readonly current: HTMLElement | null }) {
  useEffect(() => {
    let frame = 0;
    let lastMs: number | null = null;
    let onScreen = false;

    const onFrame = (atMs: number) => {
      frame = 0;
      lab.frame(lastMs === null ? 0 : atMs - lastMs);
      lastMs = atMs;
      ask();
    };
    const ask = () => {
      const wanted = lab.playing.peek() && onScreen && !document.hidden;
      if (wanted && frame === 0) frame = requestAnimationFrame(onFrame);
      if (wanted) return;
      if (frame !== 0) cancelAnimationFrame(frame);
      frame = 0;
      lastMs = null;
    };

    const observer = new IntersectionObserver((entries) => {
      onScreen = entries.at(-1)?.isIntersecting ?? false;
      ask();
    });
    if (root.current !== null) observer.observe(root.current);
    document.addEventListener('visibilitychange', ask);
    const littleMotion = matchMedia('(prefers-reduced-motion: reduce)');
    const calm = () => {
      lab.calm.value = littleMotion.matches;
    };
    calm();
    littleMotion.addEventListener('change', calm);
    const stopListening = lab.playing.subscribe(ask);
    return () => {
      stopListening();
      document.removeEventListener('visibilitychange', ask);
      littleMotion.removeEventListener('change', calm);
      observer.disconnect();
      lab.playing.value = false;
      ask();
    };
  }, [lab, root]);
}

function Legend() {
  return (
    <ul class="legend">
      {Object.entries(shapes).map(([shape, meaning]) => (
        <li key={shape}>
          <svg viewBox="-6 -6 12 12" aria-hidden="true">
            <use href={`#dot-${shape}`} />
          </svg>
          {meaning}
        </li>
      ))}
    </ul>
  );
}

function Transport({ lab }: { lab: Lab }) {
  const time = useId();
  const speed = useId();
  const { durationMs } = lab;
  const playText = useComputed(() => (lab.playing.value ? 'Pause' : lab.done.value ? 'Play again' : 'Play'));
  const position = useComputed(() => Math.min(lab.nowMs.value, durationMs));
  return (
    <section class="transport" aria-label="Time">
      <button
        class="button primary"
        type="button"
        onClick={() => (lab.playing.value ? lab.pause() : lab.play())}
      >
        {playText}
      </button>
      <button class="button" type="button" onClick={() => lab.stepBack()}>
        Step back
      </button>
      <button class="button" type="button" aria-disabled={lab.done} onClick={() => lab.step()}>
        Step
      </button>
      <div class="scrub">
        <label class="visually-hidden" for={time}>
          Position in the run, in milliseconds
        </label>
        <input
          id={time}
          type="range"
          min="0"
          max={durationMs}
          step="10"
          value={position}
          aria-valuetext={lab.nowText}
          onInput={(event) => lab.seek(event.currentTarget.valueAsNumber)}
        />
        <Marks lab={lab} />
      </div>
      <output class="clock">{lab.nowText}</output>
      <label class="speed" for={speed}>
        Speed
        <select
          id={speed}
          class="select"
          value={String(lab.speed.peek())}
          onChange={(event) => {
            lab.speed.value = Number(event.currentTarget.value);
          }}
        >
          {speeds.map((each) => (
            <option key={each} value={String(each)} selected={each === lab.speed.peek()}>
              {each}×
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

/** Where in the run the reader's faults lie. */
function Marks({ lab }: { lab: Lab }) {
  return (
    <svg class="marks" viewBox={`0 0 ${lab.durationMs} 10`} preserveAspectRatio="none" aria-hidden="true">
      {lab.made.value.map(({ type, atMs }) => (
        <rect key={`${type} ${atMs}`} x={atMs} y="0" width={lab.durationMs / 300} height="10" />
      ))}
    </svg>
  );
}

function Settings({ lab }: { lab: Lab }) {
  const name = useId();
  const current = lab.acknowledgement.value;
  const seed = lab.seed.value;
  return (
    <fieldset class="panel">
      <legend>A write waits for</legend>
      {acknowledgements.map((each) => (
        <label key={each} class="radio">
          <input
            type="radio"
            name={name}
            checked={each === current}
            onChange={() => lab.restart(each, seed)}
          />
          <span>
            {each} <small>{waitsFor[each]}</small>
          </span>
        </label>
      ))}
      <div class="row">
        <button class="button small" type="button" onClick={() => lab.restart(current, seed)}>
          Undo all faults
        </button>
        <button class="button small" type="button" onClick={() => lab.restart(current, seed + 1)}>
          Another seed
        </button>
      </div>
    </fieldset>
  );
}

const waitsFor = {
  asynchronous: 'the leader’s disk',
  'semi-synchronous': 'and any one follower’s',
  synchronous: 'and every follower’s',
} as const;

function NodeFaults({ lab }: { lab: Lab }) {
  return (
    <fieldset class="panel">
      <legend>Nodes</legend>
      {lab.picture.nodes.map(({ id, role, process }) => (
        <div key={id} class="row node-row">
          <span class="who">
            <strong>{id}</strong> {role}
            {process.value !== 'up' && `, ${process.value}`}
          </span>
          <FaultButton
            lab={lab}
            action={{ type: process.value === 'down' ? 'restart' : 'crash', node: id }}
          />
          <FaultButton
            lab={lab}
            action={{ type: process.value === 'paused' ? 'resume' : 'pause', node: id }}
          />
        </div>
      ))}
    </fieldset>
  );
}

function FaultButton({ lab, action }: { lab: Lab; action: FaultAction & { readonly node: string } }) {
  const { enabled, why } = lab.canMake(action);
  return (
    <button
      class="button small"
      type="button"
      aria-disabled={!enabled}
      title={why ?? undefined}
      onClick={() => enabled && lab.inject(action)}
    >
      {action.type === 'crash'
        ? 'Crash'
        : action.type === 'restart'
          ? 'Restart'
          : action.type === 'pause'
            ? 'Pause'
            : 'Resume'}{' '}
      {action.node}
    </button>
  );
}

function LinkFaults({ lab }: { lab: Lab }) {
  return (
    <fieldset class="panel">
      <legend>Links (a pressed one is cut)</legend>
      <div class="links">
        {lab.picture.links.map(({ line, cut }) => (
          <button
            key={line.id}
            class="button small link-toggle"
            type="button"
            aria-pressed={cut}
            onClick={() => toggleCut(lab, line.a, line.b)}
          >
            Cut {line.a} – {line.b}
          </button>
        ))}
      </div>
      <div class="row">
        <button class="button small" type="button" onClick={() => isolateLeader(lab)}>
          Cut leader from followers
        </button>
        <button class="button small" type="button" onClick={() => healAll(lab)}>
          Heal all
        </button>
      </div>
    </fieldset>
  );
}

function toggleCut(lab: Lab, a: string, b: string) {
  const cut = lab.picture.links.some(({ line, cut }) => cut.value && line.a === a && line.b === b);
  if (cut) lab.inject({ type: 'heal', from: [a], to: [b] });
  else lab.inject({ type: 'cut', from: [a], to: [b], oneWay: false });
}

/** Only from the other replicas: its clients and the manager still reach it, and it goes on answering. */
function isolateLeader(lab: Lab) {
  const { nodes } = lab.picture;
  const leader = nodes.find(({ role, process }) => role.value === 'leader' && process.value !== 'down')?.id;
  if (leader === undefined) return;
  const others = nodes.map(({ id }) => id).filter((id) => id !== leader);
  lab.inject({ type: 'cut', from: [leader], to: others, oneWay: false });
}

function healAll(lab: Lab) {
  if (lab.picture.links.some(({ cut }) => cut.value)) lab.inject({ type: 'heal' });
}

function MetricsPanel({ lab }: { lab: Lab }) {
  const { writes, reads, writeP99, lostWrites, staleReads, rto, rpo } = lab.metrics.value;
  return (
    <div class="metrics" data-testid="metrics">
      <dl class="figures">
        <div class={lostWrites > 0 ? 'alarm' : ''}>
          <dt>acknowledged writes lost</dt>
          <dd data-testid="lost-writes">{formatNumber(lostWrites)}</dd>
        </div>
        <div class={staleReads > 0 ? 'notice' : ''}>
          <dt>stale reads, of {formatNumber(reads.ok)}</dt>
          <dd data-testid="stale-reads">{formatNumber(staleReads)}</dd>
        </div>
        <div>
          <dt>write at p99</dt>
          <dd>{writeP99}</dd>
        </div>
        <div>
          <dt>writes ok / failed / unknown</dt>
          <dd>
            {formatNumber(writes.ok)} / {formatNumber(writes.fail)} / {formatNumber(writes.info)}
          </dd>
        </div>
        <div>
          <dt>RTO, time without writes</dt>
          <dd>{rto}</dd>
        </div>
        <div>
          <dt>RPO, span of the loss</dt>
          <dd>{rpo}</dd>
        </div>
      </dl>
    </div>
  );
}

function LagTable({ lab }: { lab: Lab }) {
  return (
    <table class="lag">
      <caption class="visually-hidden">Lag of each node behind its leader</caption>
      <thead>
        <tr>
          <th scope="col">node</th>
          <th scope="col">replay_lag</th>
          <th scope="col">lag in bytes</th>
        </tr>
      </thead>
      <tbody>
        {lab.metrics.value.lag.map(({ node, replayLag, lagBytes }) => (
          <tr key={node}>
            <th scope="row">{node}</th>
            <td>{replayLag}</td>
            <td>{lagBytes}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The last lines of the log, newest first: what has just happened is where the eye is. */
function Log({ lab }: { lab: Lab }) {
  const heading = useId();
  return (
    <div class="log-panel">
      <div class="row">
        <h4 id={heading}>Log</h4>
        <label class="check">
          <input
            type="checkbox"
            checked={lab.everyMessage}
            onChange={(event) => lab.setEveryMessage(event.currentTarget.checked)}
          />
          every message
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to */}
      <div class="lines" role="log" aria-live="off" aria-labelledby={heading} tabIndex={0} data-testid="log">
        <ol>
          {lab.lines.value.map(({ index, atMs, sentence, weight, alike }) => (
            <li key={index} class={weight}>
              <time>{(atMs / 1000).toFixed(3)}</time>{' '}
              <span>
                {sentence}
                {alike > 0 && <b> (and {formatNumber(alike)} before it)</b>}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

function Identity({ lab }: { lab: Lab }) {
  const made = lab.made.value.length;
  return (
    <footer class="provenance identity">
      <p>
        Run <code>{lab.scenario.id}</code>, {lab.acknowledgement}, seed {lab.seed}
        {made > 0 && `, ${made} ${made === 1 ? 'fault' : 'faults'} of yours`}. Digest so far{' '}
        <code data-testid="digest">{lab.digest}</code>. Stepping back and forth, the speed and your display’s
        refresh rate leave it as it is.
      </p>
      <p>
        <button class="button small" type="button" onClick={() => download(lab)}>
          Save this run
        </button>{' '}
        The same run to the end:{' '}
        <code>
          quorate simulate {fileName(lab)} --seed {lab.seed}
        </code>
      </p>
    </footer>
  );
}

function fileName(lab: Lab): string {
  return `${lab.scenario.id}.json`;
}

function download(lab: Lab) {
  const url = URL.createObjectURL(
    new Blob([JSON.stringify(lab.asScenario(), null, 2)], { type: 'application/json' }),
  );
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = fileName(lab);
  anchor.click();
  URL.revokeObjectURL(url);
}

/** Says what matters, and never more often than it can be listened to. */
function Announcer({ lab }: { lab: Lab }) {
  const region = useRef<HTMLParagraphElement>(null);
  useSignalEffect(() => {
    const sentence = lab.announcement.value;
    if (region.current !== null) region.current.textContent = sentence;
  });
  return <p class="visually-hidden" role="status" aria-live="polite" ref={region} data-testid="announcer" />;
}
