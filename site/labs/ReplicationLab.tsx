import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { formatNumber } from '../lib/figures.ts';
import { useClusters } from '../lib/use-clusters.ts';
import { Lab, type LabOptions, speeds } from './lab.ts';
import { PictureView } from './PictureView.tsx';
import type { Picture } from './picture.ts';

interface Props extends LabOptions {
  /** Its anchor; no other on the page has it. */
  readonly id: string;
  /** What the reader is to find out. A lab inside a claim has the claim for its question. */
  readonly question?: string | undefined;
  readonly hint?: string | undefined;
  /** Everything at once, or the picture, the figures and the faults first and the rest when asked for. */
  readonly whole: boolean;
}

/** A cluster, live: the run of the engine that the page's figures come from, to be watched and broken. */
export default function ReplicationLab(props: Props) {
  const { id, whole, variants } = props;
  const scenarios = useMemo(() => variants.map(({ scenario }) => scenario), [variants]);
  const areHere = useClusters(scenarios);
  if (areHere.value) return <Running {...props} />;
  // Until then the page stays as it was built: what sets no content keeps hydration from touching what is there.
  return <section class={classOf(whole)} id={id} dangerouslySetInnerHTML={{ __html: '' }} />;
}

const classOf = (whole: boolean) => `lab ${whole ? 'wide' : ''}`;

function Running({ id, question, hint, whole, variants, atMs, speed, show, task }: Props) {
  const lab = useMemo(
    () => new Lab({ variants, atMs, speed, show, task }),
    [variants, atMs, speed, show, task],
  );
  const isWhole = useSignal(whole);
  // What needs a script is not in the page before there is one; a lab that stands alone keeps its room for it.
  const isAwake = useSignal(whole);
  useEffect(() => {
    isAwake.value = true;
  }, [isAwake]);
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    root.current!.dataset.awake = '';
  }, []);
  useFrames(lab, root);
  const heading = useId();
  const picture = lab.picture.value;
  return (
    <section class={classOf(whole)} id={id} ref={root} data-testid="lab" aria-labelledby={heading}>
      <div class={`lab-grid ${isWhole.value ? '' : 'brief'}`}>
        <header class={whole ? 'lab-head' : 'visually-hidden'}>
          {whole && <p class="kicker">Lab</p>}
          <h3 id={heading}>{question ?? `Live run: ${lab.scenario.title}`}</h3>
          {hint !== undefined && <p class="hint">{hint}</p>}
        </header>
        <figure class="stage">
          <PictureView key={lab.variant.value} picture={picture} onLink={(a, b) => toggleCut(lab, a, b)} />
          <figcaption>
            <Legend picture={picture} />
            <noscript>
              <p>
                This is the cluster {lab.nowText.peek()} into the run with seed {lab.seed.peek()}. With
                JavaScript it plays. {picture.sentence.peek()}
              </p>
            </noscript>
          </figcaption>
        </figure>
        {isAwake.value && <Controls lab={lab} whole={isWhole.value} />}
        {isAwake.value && !whole && (
          <p class="more">
            <button
              class="button small"
              type="button"
              aria-expanded={isWhole}
              onClick={() => {
                isWhole.value = !isWhole.value;
              }}
            >
              {isWhole.value
                ? 'Fewer panels'
                : picture.holds === 'log'
                  ? 'Links, lag and log'
                  : 'Links and log'}
            </button>
          </p>
        )}
      </div>
      <Announcer lab={lab} />
    </section>
  );
}

function Controls({ lab, whole }: { lab: Lab; whole: boolean }) {
  return (
    <>
      <Transport lab={lab} />
      <div class="panels">
        <Variants lab={lab} />
        {lab.score.peek() !== '' && (
          <p class="score" data-testid="score">
            {lab.score}
          </p>
        )}
        {lab.figures.peek().length > 0 && <Shown lab={lab} />}
        <NodeFaults lab={lab} />
        {whole && <LinkFaults lab={lab} />}
        {whole && <OperatorFaults lab={lab} />}
        {whole && lab.picture.value.holds === 'log' && <LagTable lab={lab} />}
      </div>
      {whole && <MetricsPanel lab={lab} />}
      {whole && <Log lab={lab} />}
      <Identity lab={lab} />
    </>
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

function Legend({ picture }: { picture: Picture }) {
  return (
    <ul class="legend">
      {Object.entries(picture.shapes).map(([shape, meaning]) => (
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
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend would be seen
    <div class="transport" role="group" aria-label="Time">
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
      <button class="button" type="button" aria-disabled={lab.done} onClick={() => lab.finishNow()}>
        To the end
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
    </div>
  );
}

/** A scenario may hold a hundred thousand faults; so many marks tell. */
const marksMost = 200;

/** Where in the run faults lie: the scenario's own, and the reader's. */
function Marks({ lab }: { lab: Lab }) {
  const width = lab.durationMs / 300;
  const { faults } = lab.scenario;
  return (
    <svg class="marks" viewBox={`0 0 ${lab.durationMs} 10`} preserveAspectRatio="none" aria-hidden="true">
      {faults.slice(0, marksMost).map(({ type, atMs }, index) => (
        <rect key={`${index} ${type}`} class="given" x={atMs} y="0" width={width} height="10" />
      ))}
      {lab.made.value.map(({ type, atMs }) => (
        <rect key={`${type} ${atMs}`} x={atMs} y="0" width={width} height="10" />
      ))}
    </svg>
  );
}

function Variants({ lab }: { lab: Lab }) {
  const name = useId();
  const current = lab.variant.value;
  const seed = lab.seed.value;
  return (
    <fieldset class="panel">
      <legend>{lab.variants.length > 1 ? 'Run' : <span class="visually-hidden">Run</span>}</legend>
      {lab.variants.length > 1 &&
        lab.variants.map(({ label, note }, index) => (
          <label key={label} class="radio">
            <input
              type="radio"
              name={name}
              checked={index === current}
              onChange={() => lab.restart(index, seed)}
            />
            <span>
              {label} {note !== undefined && <small>{note}</small>}
            </span>
          </label>
        ))}
      <div class="row">
        <button class="button small" type="button" onClick={() => lab.restart(current, seed)}>
          Start over
        </button>
        <button class="button small" type="button" onClick={() => lab.restart(current, seed + 1)}>
          Another seed
        </button>
      </div>
    </fieldset>
  );
}

/** The figures of the claim, of the run so far. */
function Shown({ lab }: { lab: Lab }) {
  return (
    <dl class="figures shown" data-testid="shown">
      {lab.figures.value.map(({ label, value, unit }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {value}
            {unit !== '' && <small> {unit}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function NodeFaults({ lab }: { lab: Lab }) {
  return (
    <fieldset class="panel">
      <legend>Break something</legend>
      {lab.picture.value.nodes.map(({ id, role, process }) => (
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
          <CutOff lab={lab} node={id} />
        </div>
      ))}
    </fieldset>
  );
}

const faultWords = { crash: 'Crash', restart: 'Restart', pause: 'Pause', resume: 'Resume' } as const;

interface NodeFault {
  readonly type: keyof typeof faultWords;
  readonly node: string;
}

function FaultButton({ lab, action }: { lab: Lab; action: NodeFault }) {
  const { enabled, why } = lab.canMake(action);
  return (
    <button
      class="button small"
      type="button"
      aria-disabled={!enabled}
      title={why ?? undefined}
      onClick={() => enabled && lab.inject(action)}
    >
      {faultWords[action.type]} <span class="visually-hidden">{action.node}</span>
    </button>
  );
}

/** From every other machine. Its clients still reach it, and it may go on answering them. */
function CutOff({ lab, node }: { lab: Lab; node: string }) {
  const { nodes, helpers, links } = lab.picture.value;
  const others = [...nodes, ...helpers].map(({ id }) => id).filter((id) => id !== node);
  const isCutOff = links
    .filter(({ line: { a, b } }) => (a === node && others.includes(b)) || (b === node && others.includes(a)))
    .every(({ cut }) => cut.value);
  if (nodes.length < 2) return null;
  return (
    <button
      class="button small link-toggle"
      type="button"
      aria-pressed={isCutOff}
      title={`From every other machine; clients still reach ${node}`}
      onClick={() => {
        const ends = { from: [node], to: others };
        lab.inject(isCutOff ? { type: 'heal', ...ends } : { type: 'cut', ...ends, oneWay: false });
      }}
    >
      Cut <span class="visually-hidden">{node}</span> off
    </button>
  );
}

function LinkFaults({ lab }: { lab: Lab }) {
  return (
    <fieldset class="panel">
      <legend>Links (a pressed one is cut)</legend>
      <div class="links">
        {lab.picture.value.links.map(({ line, cut }) => (
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
        {lab.picture.value.holds === 'log' && (
          <button class="button small" type="button" onClick={() => isolateLeader(lab)}>
            Cut leader from followers
          </button>
        )}
        <button class="button small" type="button" onClick={() => healAll(lab)}>
          Heal all
        </button>
      </div>
    </fieldset>
  );
}

/** Those that cannot be done now say why. */
function OperatorFaults({ lab }: { lab: Lab }) {
  const faults = lab.operatorFaults();
  if (faults.length === 0) return null;
  const refused = faults.filter(({ enabled }) => !enabled);
  return (
    <fieldset class="panel">
      <legend>As an operator</legend>
      <div class="links">
        {faults.map(({ fault, label, enabled, why }) => (
          <button
            key={label}
            class="button small"
            type="button"
            aria-disabled={!enabled}
            title={why ?? undefined}
            onClick={() => lab.inject(fault)}
          >
            {label[0]!.toUpperCase() + label.slice(1)}
          </button>
        ))}
      </div>
      {refused.length > 0 && (
        <p class="reasons">Not now: {refused.map(({ label, why }) => `${label} (${why})`).join(', ')}.</p>
      )}
    </fieldset>
  );
}

function toggleCut(lab: Lab, a: string, b: string) {
  const cut = lab.picture.value.links.some(({ line, cut }) => cut.value && line.a === a && line.b === b);
  if (cut) lab.inject({ type: 'heal', from: [a], to: [b] });
  else lab.inject({ type: 'cut', from: [a], to: [b], oneWay: false });
}

/** Only from the other replicas: its clients and the manager still reach it, and it goes on answering. */
function isolateLeader(lab: Lab) {
  const { nodes } = lab.picture.value;
  const leader = nodes.find(({ role, process }) => role.value === 'leader' && process.value !== 'down')?.id;
  if (leader === undefined) return;
  const others = nodes.map(({ id }) => id).filter((id) => id !== leader);
  lab.inject({ type: 'cut', from: [leader], to: others, oneWay: false });
}

function healAll(lab: Lab) {
  if (lab.picture.value.links.some(({ cut }) => cut.value)) lab.inject({ type: 'heal' });
}

function MetricsPanel({ lab }: { lab: Lab }) {
  const { writes, reads, writeP99, lostWrites, staleReads, discardedWrites, inversions, rto, rpo } =
    lab.metrics.value;
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
        {lab.picture.value.holds !== 'log' ? (
          <>
            <div class={discardedWrites > 0 ? 'notice' : ''}>
              <dt>acknowledged writes thrown away</dt>
              <dd>{formatNumber(discardedWrites)}</dd>
            </div>
            <div class={inversions > 0 ? 'notice' : ''}>
              <dt>reads older than one before them</dt>
              <dd>{formatNumber(inversions)}</dd>
            </div>
          </>
        ) : (
          <>
            <div>
              <dt>RTO, time without writes</dt>
              <dd>{rto}</dd>
            </div>
            <div>
              <dt>RPO, span of the loss</dt>
              <dd>{rpo}</dd>
            </div>
          </>
        )}
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
          <th scope="col">write_lag</th>
          <th scope="col">flush_lag</th>
          <th scope="col">replay_lag</th>
          <th scope="col">in bytes</th>
        </tr>
      </thead>
      <tbody>
        {lab.metrics.value.lag.map(({ node, writeLag, flushLag, replayLag, lagBytes }) => (
          <tr key={node}>
            <th scope="row">{node}</th>
            <td>{writeLag}</td>
            <td>{flushLag}</td>
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
  const { label } = lab.variants[lab.variant.value]!;
  return (
    <footer class="provenance identity">
      <p>
        Run <code>{lab.scenario.id}</code>
        {label !== '' && `, ${label}`}, seed {lab.seed}
        {made > 0 && `, ${made} ${made === 1 ? 'fault' : 'faults'} of yours`}. Digest so far{' '}
        <code data-testid="digest">{lab.digest}</code>.
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
