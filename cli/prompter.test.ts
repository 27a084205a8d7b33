import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { decide, parseRequirements, type Question } from '#engine';
import { Interrupted } from './failures.ts';
import { holdInterview } from './interview.ts';
import { linePrompter } from './line-prompter.ts';
import { goBack, readNumber, scriptedPrompter } from './prompter.ts';

describe('interview', () => {
  test('Enter on every question decides what the defaults decide', async () => {
    const { asked, ...prompter } = obliging();
    const requirements = await holdInterview(prompter);
    expect(asked.length).toBeGreaterThan(5);
    expect(decide(requirements).answer).toBe(decide(parseRequirements({})).answer);
  });

  test('going back asks again, with the answer taken back as the suggestion', async () => {
    const prompter = scriptedPrompter([1234, goBack, goBack, 77]);
    await expect(holdInterview(prompter)).rejects.toThrow('The script has no reply');
    const [first, second, again, before, after] = prompter.asked;
    expect(again).toEqual({ ...first, suggestion: 1234 });
    expect(before).toEqual({ ...first, suggestion: 1234 });
    expect(after?.id).toBe(second?.id);
  });
});

describe('plain lines', () => {
  const question: Question = {
    id: 'writesPerSecond',
    text: 'How many writes?',
    help: 'At peak.',
    reason: 'They have one leader.',
    kind: 'number',
    unit: 'writes/s',
    range: { min: 0, max: 10_000, whole: true },
    choices: [],
    default: 50,
  };
  const choice: Question = {
    ...question,
    kind: 'choice',
    unit: null,
    range: null,
    choices: [
      { value: 'node', label: 'one machine' },
      { value: 'region', label: 'a whole region' },
    ],
    default: 'node',
  };

  async function typing(lines: string, asked: Question): Promise<{ reply: unknown; shown: string }> {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const prompter = linePrompter({ stdin, stdout, interrupted: new AbortController().signal });
    stdin.end(lines);
    const reply = await prompter.ask(asked, asked.default).finally(() => prompter.close());
    return { reply, shown: String(stdout.read()) };
  }

  test('shows the question, its help, its reason and what Enter answers', async () => {
    const { reply, shown } = await typing('\n', choice);
    expect(shown).toBe(`
How many writes?
  At peak.
  Why: They have one leader.
  1. one machine
  2. a whole region
1; < goes back > `);
    expect(reply).toBe('node');
  });

  test.each([
    ['12\n', question, 12],
    ['1.5k\n', question, 1500],
    ['\n', question, 50],
    ['2\n', choice, 'region'],
    ['region\n', choice, 'region'],
    ['yes\n', { ...choice, kind: 'yesno' as const, choices: [], default: false }, true],
    ['<\n', question, goBack],
    ['back\n', choice, goBack],
  ])('%j', async (lines, asked, expected) => {
    expect((await typing(lines, asked)).reply).toBe(expected);
  });

  test('complains and asks again', async () => {
    const { reply, shown } = await typing('many\n10,001\n7\n', question);
    expect(shown.match(/Please type a whole number from 0 to 10,000\./g)).toHaveLength(2);
    expect(reply).toBe(7);
    expect((await typing('3\n1\n', choice)).reply).toBe('node');
  });

  test('input that ends is wrong usage, and Ctrl-C interrupts', async () => {
    await expect(typing('', question)).rejects.toThrow('The input ended before the last question.');
    const interruption = new AbortController();
    const prompter = linePrompter({
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      interrupted: interruption.signal,
    });
    const asking = prompter.ask(question, 50);
    interruption.abort();
    await expect(asking).rejects.toBeInstanceOf(Interrupted);
  });
});

describe('numbers as people type them', () => {
  const range = { min: 0, max: 10_000_000, whole: false };
  test.each([
    ['1500', 1500],
    [' 1,500 ', 1500],
    ['1_000_000', 1_000_000],
    ['0.5', 0.5],
    ['2k', 2000],
    ['1.5M', 1_500_000],
  ])('%s', (typed, value) => {
    expect(readNumber(typed, range)).toEqual({ value });
  });

  test.each(['', 'x', '-1', '1e9', '1,5', '0x10', 'Infinity', '11M', '1 2'])('%s is refused', (typed) => {
    expect(readNumber(typed, range)).toEqual({ complaint: 'Please type a number from 0 to 10,000,000.' });
  });
});

/** Takes every suggestion. */
function obliging() {
  const asked: string[] = [];
  return {
    asked,
    ask: async ({ id }: Question, suggestion: Question['default']) => {
      asked.push(id);
      return suggestion;
    },
    say() {},
    close() {},
  };
}
