import { createInterface } from 'node:readline';
import type { AnswerValue, Question } from '#engine';
import { Interrupted, UsageError } from './failures.ts';
import type { Io } from './io.ts';
import { choicesOf, goBack, type Prompter, readNumber } from './prompter.ts';
import { indented } from './render/layout.ts';

/** Questions and answers as plain lines: nothing is redrawn, so screen readers and simple terminals can follow. */
export function linePrompter({
  stdin,
  stdout,
  interrupted,
}: Pick<Io, 'stdin' | 'stdout' | 'interrupted'>): Prompter {
  // Not as a terminal: the system edits the line, and Ctrl-C stays a signal.
  const lines = createInterface({ input: stdin, terminal: false, signal: interrupted });
  const typed = lines[Symbol.asyncIterator]();
  return {
    async ask(question, suggestion) {
      stdout.write(`\n${describe(question)}\n`);
      for (;;) {
        stdout.write(`${suggest(question, suggestion)} > `);
        const line = await typed.next();
        if (interrupted.aborted) throw new Interrupted();
        if (line.done) throw new UsageError('\nThe input ended before the last question.');
        const reply = readReply(line.value.trim(), question, suggestion);
        if (typeof reply !== 'object') return reply;
        stdout.write(`${reply.complaint}\n`);
      }
    },
    say: (text) => void stdout.write(`${text}\n`),
    close: () => lines.close(),
  };
}

function describe(question: Question): string {
  const choices = question.kind === 'number' ? [] : choicesOf(question);
  return [
    indented('', question.text),
    indented('  ', question.help),
    indented('  Why: ', question.reason),
    ...choices.map(({ label }, index) => indented(`  ${index + 1}. `, label)),
  ].join('\n');
}

function suggest(question: Question, suggestion: AnswerValue): string {
  if (question.kind === 'number') return `${suggestion} ${question.unit}; < goes back`;
  const index = choicesOf(question).findIndex((choice) => choice.value === suggestion);
  return `${index + 1}; < goes back`;
}

function readReply(
  typed: string,
  question: Question,
  suggestion: AnswerValue,
): AnswerValue | typeof goBack | { readonly complaint: string } {
  if (typed === '') return suggestion;
  if (typed === '<' || typed === 'back') return goBack;
  if (question.range !== null) {
    const read = readNumber(typed, question.range);
    return 'value' in read ? read.value : read;
  }
  const choices = choicesOf(question);
  const chosen =
    choices[Number(typed) - 1] ?? choices.find(({ value, label }) => [String(value), label].includes(typed));
  return chosen === undefined
    ? { complaint: `Please type a number from 1 to ${choices.length}.` }
    : chosen.value;
}
