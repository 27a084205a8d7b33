import { intro, isCancel, S_BAR, select, text } from '@clack/prompts';
import type { AnswerValue, Question } from '#engine';
import { Interrupted } from './failures.ts';
import type { Io } from './io.ts';
import { choicesOf, goBack, type Prompter, readNumber } from './prompter.ts';
import { columnsMax, indented } from './render/layout.ts';
import { paintFor } from './render/paint.ts';

/** Questions for a real terminal: arrow keys for choices, the suggestion ready to be edited for numbers. */
export function clackPrompter(io: Pick<Io, 'stdin' | 'stdout' | 'interrupted' | 'env'>): Prompter {
  const world = { input: io.stdin, output: io.stdout, signal: io.interrupted };
  const { faint } = paintFor(io);
  const message = (question: Question) =>
    [
      question.text,
      faint(indented('', question.help, columns)),
      faint(indented('Why: ', question.reason, columns)),
    ].join('\n');

  const askNumber = async (
    question: Question,
    range: NonNullable<Question['range']>,
    suggestion: AnswerValue,
  ) => {
    const typed = await text({
      ...world,
      // The library draws its bar before every line of a select, but only before the first of a text.
      message: `${message(question)}\n${faint(`In ${question.unit}; < goes back.`)}`.replaceAll(
        '\n',
        `\n${faint(S_BAR)}  `,
      ),
      initialValue: String(suggestion),
      validate: (value = '') => {
        if (value.trim() === backKey) return undefined;
        const read = readNumber(value, range);
        return 'complaint' in read ? read.complaint : undefined;
      },
    });
    if (isCancel(typed)) throw new Interrupted();
    if (typed.trim() === backKey) return goBack;
    const read = readNumber(typed, range);
    return 'value' in read ? read.value : suggestion;
  };

  const askChoice = async (question: Question, suggestion: AnswerValue) => {
    const chosen = await select<AnswerValue | typeof goBack>({
      ...world,
      message: message(question),
      initialValue: suggestion,
      options: [...choicesOf(question), { value: goBack, label: '← go back' }],
    });
    if (isCancel(chosen)) throw new Interrupted();
    return chosen;
  };

  return {
    ask: (question, suggestion) =>
      question.range === null
        ? askChoice(question, suggestion)
        : askNumber(question, question.range, suggestion),
    say: (line) => intro(line, { output: io.stdout }),
    close() {},
  };
}

const backKey = '<';

/** The prompt draws a bar on the left. */
const columns = columnsMax - 3;
