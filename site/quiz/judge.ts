import type { QuizAnswer } from '#content/schema.ts';
import { formatNumber } from '../lib/figures.ts';

/** What the reader says will come out: one of the choices, by its index, or a number. */
export type Prediction =
  | { readonly kind: 'choice'; readonly bucketIndex: number }
  | { readonly kind: 'number'; readonly value: number };

/** Whether a prediction can be held against the item at all. */
export function isAnswerTo(answer: QuizAnswer, prediction: Prediction): boolean {
  if (answer.kind === 'choice') {
    return prediction.kind === 'choice' && answer.buckets[prediction.bucketIndex] !== undefined;
  }
  return prediction.kind === 'number' && Number.isFinite(prediction.value) && prediction.value >= answer.min;
}

/** Whether the measured value bears the prediction out. A value the run did not measure bears out nothing. */
export function isRight(answer: QuizAnswer, prediction: Prediction, measured: number | null): boolean {
  if (measured === null) return false;
  if (answer.kind === 'choice') {
    return prediction.kind === 'choice' && prediction.bucketIndex === bucketIndexOf(answer.buckets, measured);
  }
  if (prediction.kind !== 'number') return false;
  const allowed = Math.max(answer.tolerance.least, measured * answer.tolerance.ratio);
  return Math.abs(prediction.value - measured) <= allowed;
}

type Bucket = Extract<QuizAnswer, { kind: 'choice' }>['buckets'][number];

/** The bucket a measured value falls into, -1 where none holds it. */
export function bucketIndexOf(buckets: readonly Bucket[], measured: number): number {
  return buckets.findIndex(
    ({ from, to }) => (from === undefined || measured >= from) && (to === undefined || measured <= to),
  );
}

export function describePrediction(answer: QuizAnswer, prediction: Prediction): string {
  if (prediction.kind === 'number') return formatNumber(prediction.value);
  return (answer.kind === 'choice' ? answer.buckets[prediction.bucketIndex]?.label : undefined) ?? '–';
}
