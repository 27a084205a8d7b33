import { useSignal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { createActor, fromPromise } from 'xstate';
import type { Quiz } from '#content/schema.ts';
import { fetchClusters, type Scenario, simulate } from '#engine';
import { formatNumber, measured } from '../lib/figures.ts';
import { bucketIndexOf, describePrediction, type Prediction } from './judge.ts';
import { type JudgedRun, type QuizRun, quizChart } from './quiz.chart.ts';

interface Props {
  readonly quiz: Quiz;
  readonly scenario: Scenario;
}

/** A quiz item that asks for a prediction, then runs the scenario in the page and holds the two side by side. */
export default function PredictThenRun({ quiz, scenario }: Props) {
  const actor = useMemo(() => {
    const run = fromPromise<QuizRun, { seed: number }>(async ({ input }) => {
      await fetchClusters([scenario]);
      await paint();
      const report = simulate(scenario, { seed: input.seed });
      return { seed: input.seed, digest: report.digest, measured: measured(report, quiz.measure) };
    });
    const chart = quizChart.provide({ actors: { 'run the scenario': run } });
    return createActor(chart, { input: { answer: quiz.answer, seed: scenario.seed } });
  }, [quiz, scenario]);
  const snapshot = useSignal(actor.getSnapshot());
  useSignalEffect(() => {
    const subscription = actor.subscribe((next) => {
      snapshot.value = next;
    });
    actor.start();
    return () => {
      subscription.unsubscribe();
      actor.stop();
    };
  });

  const { value: state, context } = snapshot.value;
  const open = state === 'asking' || state === 'predicted';
  const predict = (prediction: Prediction) => actor.send({ type: 'predict', prediction });
  const last = context.runs.at(-1);

  return (
    <section class="quiz" aria-labelledby={`quiz-${quiz.id}`} data-state={state}>
      <p class="kicker">Predict, then run</p>
      <h3 id={`quiz-${quiz.id}`}>{quiz.question}</h3>
      <ul class="setting">
        {quiz.setting.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          actor.send({ type: 'run' });
        }}
      >
        <AnswerField quiz={quiz} prediction={context.prediction} disabled={!open} onPredict={predict} />
        <div class="actions">
          {open && (
            <button class="button primary" type="submit" aria-disabled={state !== 'predicted'}>
              Run it, seed {context.seed}
            </button>
          )}
          {state === 'asking' && (
            <span class="hint">Commit to an answer first. It is worth more that way.</span>
          )}
          {state === 'running' && <span class="hint">Running…</span>}
          {state === 'revealed' && (
            <>
              <button class="button" type="button" onClick={() => actor.send({ type: 'run another seed' })}>
                Same answer, seed {context.seed + 1}
              </button>
              <button class="button" type="button" onClick={() => actor.send({ type: 'predict again' })}>
                Change my answer
              </button>
            </>
          )}
          {state === 'failed' && (
            <button class="button" type="button" onClick={() => actor.send({ type: 'run' })}>
              Run it again
            </button>
          )}
        </div>
      </form>
      <div class="outcome" role="status">
        {state === 'failed' && <p>The run stopped: {context.failure}</p>}
        {state === 'revealed' && last !== undefined && <Outcome quiz={quiz} run={last} scenario={scenario} />}
      </div>
      {context.runs.length > 1 && <Runs quiz={quiz} runs={context.runs} />}
      <noscript>
        <p class="hint">
          The answer is computed by running the simulation in this page, which needs JavaScript.
        </p>
      </noscript>
    </section>
  );
}

interface FieldProps {
  readonly quiz: Quiz;
  readonly prediction: Prediction | null;
  readonly disabled: boolean;
  readonly onPredict: (prediction: Prediction) => void;
}

function AnswerField({ quiz, prediction, disabled, onPredict }: FieldProps) {
  if (quiz.answer.kind === 'number') {
    return (
      <label class="number-answer">
        Your answer, in {quiz.unit}
        <input
          type="number"
          min={quiz.answer.min}
          step="any"
          inputMode="decimal"
          disabled={disabled}
          value={prediction?.kind === 'number' ? prediction.value : ''}
          onInput={(event) => onPredict({ kind: 'number', value: event.currentTarget.valueAsNumber })}
        />
      </label>
    );
  }
  return (
    <fieldset class="choices" disabled={disabled}>
      <legend>Your answer, in {quiz.unit}</legend>
      {quiz.answer.buckets.map((bucket, bucketIndex) => (
        <label key={bucket.label}>
          <input
            type="radio"
            name={quiz.id}
            checked={prediction?.kind === 'choice' && prediction.bucketIndex === bucketIndex}
            onChange={() => onPredict({ kind: 'choice', bucketIndex })}
          />
          <span>{bucket.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Outcome({ quiz, run, scenario }: { quiz: Quiz; run: JudgedRun; scenario: Scenario }) {
  return (
    <>
      <dl class="figures">
        <div>
          <dt>you said</dt>
          <dd>{describePrediction(quiz.answer, run.prediction)}</dd>
        </div>
        <div>
          <dt>measured</dt>
          <dd>
            {run.measured === null ? 'nothing' : formatNumber(run.measured)} <small>{quiz.unit}</small>
          </dd>
        </div>
      </dl>
      <p class="verdict">
        {run.right ? '✓ The run bears you out.' : `✗ The run says otherwise${measuredAs(quiz, run)}.`}
      </p>
      {quiz.explanation.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p class="provenance">
        Run <code>{scenario.id}</code>, seed {run.seed}, digest <code>{run.digest}</code>. Again:{' '}
        <code>
          quorate simulate {scenario.id} --seed {run.seed}
        </code>
      </p>
    </>
  );
}

function measuredAs({ answer }: Quiz, { measured: value }: JudgedRun): string {
  if (answer.kind !== 'choice' || value === null) return '';
  const bucket = answer.buckets[bucketIndexOf(answer.buckets, value)];
  return bucket === undefined ? '' : `: ${bucket.label}`;
}

function Runs({ quiz, runs }: { quiz: Quiz; runs: readonly JudgedRun[] }) {
  return (
    <table class="runs">
      <caption>Your runs</caption>
      <thead>
        <tr>
          <th scope="col">Seed</th>
          <th scope="col">You said</th>
          <th scope="col">Measured</th>
          <th scope="col">Digest</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={`${run.seed} ${run.digest}`}>
            <td>{run.seed}</td>
            <td>{describePrediction(quiz.answer, run.prediction)}</td>
            <td>
              {run.measured === null ? '–' : formatNumber(run.measured)} {run.right ? '✓' : '✗'}
            </td>
            <td>
              <code>{run.digest}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Lets the page show that a run has begun before the run takes the thread. */
function paint(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
