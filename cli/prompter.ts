import type { AnswerValue, Question } from '#engine';

/** Said instead of an answer: show the question before this one again. */
export const goBack = Symbol('go back');

/** Whoever asks a person: a terminal with arrow keys, plain lines, or a script. */
export interface Prompter {
  /**
   * Asks until there is an answer the question can take.
   * @param suggestion What Enter alone answers.
   * Throws Interrupted when the person stops.
   */
  ask(question: Question, suggestion: AnswerValue): Promise<AnswerValue | typeof goBack>;
  say(text: string): void;
  /** Gives the terminal back. */
  close(): void;
}

/** Answers with what it was given, in order; a question too many is an error of the script. */
export function scriptedPrompter(replies: readonly (AnswerValue | typeof goBack)[]): Prompter & {
  /** The ids of the questions asked and what was suggested for each. */
  readonly asked: { readonly id: string; readonly suggestion: AnswerValue }[];
} {
  const left = [...replies];
  const asked: { id: string; suggestion: AnswerValue }[] = [];
  return {
    asked,
    async ask({ id }, suggestion) {
      asked.push({ id, suggestion });
      const reply = left.shift();
      if (reply === undefined) throw new Error(`The script has no reply to ${id}.`);
      return reply;
    },
    say() {},
    close() {},
  };
}

/** What was typed, as the number it means, or the sentence that says why it means none. */
export type Typed = { readonly value: number } | { readonly complaint: string };

/** Numbers as people type them: `1500`, `1,500`, `1_500`, `1.5k`, `2M`. */
export function readNumber(typed: string, range: NonNullable<Question['range']>): Typed {
  const expected = `Please type a ${range.whole ? 'whole ' : ''}number from ${say(range.min)} to ${say(range.max)}.`;
  const match = /^(\d+|\d{1,3}(?:[,_ ]\d{3})+)(\.\d+)?\s*([kM]?)$/.exec(typed.trim());
  if (match === null) return { complaint: expected };
  const [, whole, fraction = '', scale] = match;
  const value =
    Number(whole!.replace(/[,_ ]/g, '') + fraction) * (scale === 'k' ? 1e3 : scale === 'M' ? 1e6 : 1);
  const isInRange = value >= range.min && value <= range.max && (!range.whole || Number.isInteger(value));
  return isInRange ? { value } : { complaint: expected };
}

/** The values a question that is not a number can take, in the order they are shown. */
export function choicesOf(
  question: Question,
): { readonly value: string | boolean; readonly label: string }[] {
  if (question.kind === 'choice') return [...question.choices];
  return [
    { value: true, label: 'yes' },
    { value: false, label: 'no' },
  ];
}

function say(bound: number): string {
  return bound.toLocaleString('en');
}
