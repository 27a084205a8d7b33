import { describe, expect, test } from 'vitest';
import { createActor, fromPromise, waitFor } from 'xstate';
import type { QuizAnswer } from '#content/schema.ts';
import { bucketIndexOf, isRight } from './judge.ts';
import { type QuizRun, quizChart } from './quiz.chart.ts';

const choice: QuizAnswer = {
  kind: 'choice',
  buckets: [
    { label: 'none', to: 0 },
    { label: 'one to nine', from: 1, to: 9 },
    { label: 'ten or more', from: 10 },
  ],
};
const number: QuizAnswer = { kind: 'number', min: 0, tolerance: { ratio: 0.1, least: 2 } };

/** A quiz whose run measures the seed itself. */
function start(
  answer: QuizAnswer,
  run = async (seed: number): Promise<QuizRun> => ({ seed, digest: 'd', measured: seed }),
) {
  const actors = {
    'run the scenario': fromPromise<QuizRun, { seed: number }>(({ input }) => run(input.seed)),
  };
  return createActor(quizChart.provide({ actors }), { input: { answer, seed: 9 } }).start();
}

describe('quiz chart', () => {
  test('asks, takes a prediction, runs and reveals', async () => {
    const quiz = start(choice);
    expect(quiz.getSnapshot().value).toBe('asking');
    quiz.send({ type: 'predict', prediction: { kind: 'choice', bucketIndex: 1 } });
    expect(quiz.getSnapshot().value).toBe('predicted');
    quiz.send({ type: 'run' });
    const { context } = await waitFor(quiz, (snapshot) => snapshot.matches('revealed'));
    expect(context.runs).toEqual([
      { seed: 9, digest: 'd', measured: 9, prediction: { kind: 'choice', bucketIndex: 1 }, right: true },
    ]);
  });

  test('does not run before a prediction', () => {
    const quiz = start(choice);
    quiz.send({ type: 'run' });
    expect(quiz.getSnapshot().value).toBe('asking');
  });

  test('refuses an answer that is none of the choices, or not a number', () => {
    const byChoice = start(choice);
    byChoice.send({ type: 'predict', prediction: { kind: 'choice', bucketIndex: 3 } });
    expect(byChoice.getSnapshot().value).toBe('asking');
    const byNumber = start(number);
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      byNumber.send({ type: 'predict', prediction: { kind: 'number', value } });
      expect(byNumber.getSnapshot().value).toBe('asking');
    }
  });

  test('holds the same prediction against another seed', async () => {
    const quiz = start(choice);
    quiz.send({ type: 'predict', prediction: { kind: 'choice', bucketIndex: 1 } });
    quiz.send({ type: 'run' });
    await waitFor(quiz, (snapshot) => snapshot.matches('revealed'));
    quiz.send({ type: 'run another seed' });
    const { context } = await waitFor(
      quiz,
      (snapshot) => snapshot.matches('revealed') && snapshot.context.runs.length === 2,
    );
    expect(context.runs.map(({ seed, right }) => [seed, right])).toEqual([
      [9, true],
      [10, false],
    ]);
  });

  test('says what went wrong with a run, and runs again', async () => {
    let calls = 0;
    const quiz = start(choice, async (seed) => {
      if (calls++ === 0) throw new Error('out of luck');
      return { seed, digest: 'd', measured: 0 };
    });
    quiz.send({ type: 'predict', prediction: { kind: 'choice', bucketIndex: 0 } });
    quiz.send({ type: 'run' });
    expect((await waitFor(quiz, (snapshot) => snapshot.matches('failed'))).context.failure).toContain(
      'out of luck',
    );
    quiz.send({ type: 'run' });
    expect((await waitFor(quiz, (snapshot) => snapshot.matches('revealed'))).context.failure).toBeNull();
  });
});

describe('judging', () => {
  test('a bucket includes both of its ends', () => {
    if (choice.kind !== 'choice') throw new Error('unreachable');
    expect([0, 1, 9, 10, 4000].map((value) => bucketIndexOf(choice.buckets, value))).toEqual([0, 1, 1, 2, 2]);
    expect(bucketIndexOf(choice.buckets, 0.5)).toBe(-1);
  });

  test('a number counts within the tolerance, never tighter than the least', () => {
    const says = (value: number, measured: number | null) =>
      isRight(number, { kind: 'number', value }, measured);
    expect(says(90, 100)).toBe(true);
    expect(says(89, 100)).toBe(false);
    expect(says(2, 0)).toBe(true);
    expect(says(3, 0)).toBe(false);
    expect(says(0, null)).toBe(false);
  });
});
