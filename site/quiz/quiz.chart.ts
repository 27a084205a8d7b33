/**
 * A quiz item of the predict-then-run kind. The reader commits to an answer before the run; the run, and nothing
 * written down, says what was right. The chart holds the answers, so XState itself runs it.
 *
 * ```ts
 * const quiz = createActor(quizChart.provide({ actors: { 'run the scenario': run } }), { input: { answer, seed: 1 } });
 * ```
 */
import { assign, fromPromise, setup } from 'xstate';
import type { QuizAnswer } from '#content/schema.ts';
import { isAnswerTo, isRight, type Prediction } from './judge.ts';

/** What a run of the item's scenario showed. */
export interface QuizRun {
  readonly seed: number;
  readonly digest: string;
  /** null where the run had nothing to measure. */
  readonly measured: number | null;
}

export interface JudgedRun extends QuizRun {
  readonly prediction: Prediction;
  readonly right: boolean;
}

interface QuizContext {
  readonly answer: QuizAnswer;
  readonly seed: number;
  readonly prediction: Prediction | null;
  /** Newest last; at most `runsKept`. */
  readonly runs: readonly JudgedRun[];
  readonly failure: string | null;
}

type QuizInput =
  | { readonly type: 'predict'; readonly prediction: Prediction }
  | { readonly type: 'run' }
  | { readonly type: 'run another seed' }
  | { readonly type: 'predict again' };

const runsKept = 8;

function judged({ answer, prediction, runs }: QuizContext, run: QuizRun): readonly JudgedRun[] {
  if (prediction === null) throw new Error('A quiz item was run before anything was predicted');
  return [...runs, { ...run, prediction, right: isRight(answer, prediction, run.measured) }].slice(-runsKept);
}

export const quizChart = setup({
  types: {
    context: {} as QuizContext,
    events: {} as QuizInput,
    input: {} as { answer: QuizAnswer; seed: number },
  },
  actors: {
    'run the scenario': fromPromise<QuizRun, { seed: number }>(() => {
      throw new Error('The page provides the run');
    }),
  },
  guards: {
    'is an answer': ({ context, event }) =>
      event.type === 'predict' && isAnswerTo(context.answer, event.prediction),
  },
  actions: {
    'keep the prediction': assign(({ event }) =>
      event.type === 'predict' ? { prediction: event.prediction } : {},
    ),
    'forget the prediction': assign({ prediction: null }),
    'take another seed': assign({ seed: ({ context }) => context.seed + 1 }),
    'forget the failure': assign({ failure: null }),
  },
}).createMachine({
  id: 'quiz',
  context: ({ input }) => ({
    answer: input.answer,
    seed: input.seed,
    prediction: null,
    runs: [],
    failure: null,
  }),
  initial: 'asking',
  states: {
    asking: {
      on: { predict: { guard: 'is an answer', target: 'predicted', actions: 'keep the prediction' } },
    },
    predicted: {
      on: {
        predict: [
          { guard: 'is an answer', actions: 'keep the prediction' },
          { target: 'asking', actions: 'forget the prediction' },
        ],
        run: 'running',
      },
    },
    running: {
      entry: 'forget the failure',
      invoke: {
        src: 'run the scenario',
        input: ({ context }) => ({ seed: context.seed }),
        onDone: {
          target: 'revealed',
          actions: assign({ runs: ({ context, event }) => judged(context, event.output) }),
        },
        onError: { target: 'failed', actions: assign({ failure: ({ event }) => String(event.error) }) },
      },
    },
    revealed: {
      on: {
        'run another seed': { target: 'running', actions: 'take another seed' },
        'predict again': { target: 'asking', actions: ['take another seed', 'forget the prediction'] },
      },
    },
    failed: {
      on: { run: 'running', 'predict again': { target: 'asking', actions: 'forget the prediction' } },
    },
  },
});
