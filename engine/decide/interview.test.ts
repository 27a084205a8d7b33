import { describe, expect, test } from 'vitest';
import { InputError } from '../scenario/problems.ts';
import { answer, back, type Interview, nextQuestion, startInterview } from './interview.ts';

/** Answers what is said, and everything else with its default. */
function walk(said: Readonly<Record<string, number | boolean | string>> = {}): Interview {
  let interview = startInterview();
  while (interview.question !== null) {
    interview = answer(interview, said[interview.question.id] ?? interview.question.default);
  }
  return interview;
}

const asked = (interview: Interview) => interview.answers.map(({ id }) => id);

describe('the interview', () => {
  test('asks about the load, the places and the promises, and no more, where one leader is enough', () => {
    expect(asked(walk())).toEqual([
      'writesPerSecond',
      'readsPerSecond',
      'dataGB',
      'node.writesPerSecond',
      'node.readsPerSecond',
      'node.storageGB',
      'regions',
      'entities',
      'entities[0].consistency',
      'writeLatencyP99Ms',
      'lossToleratedMs',
      'outageToleratedS',
      'stalenessToleratedMs',
      'duringPartition',
    ]);
  });

  test('asks how far regions are only where there are several', () => {
    expect(asked(walk({ regions: 2 }))).toContain('roundTrip.otherwiseMs');
    expect(asked(walk())).not.toContain('roundTrip.otherwiseMs');
  });

  test('asks for a conflict strategy for each kind of data where several leaders are in question', () => {
    const far = { regions: 2, writeLatencyP99Ms: 50, entities: 2 };
    const interview = walk({ ...far, 'entities[0].mergeable': true, 'entities[1].mergeable': true });
    expect(asked(interview)).toContain('entities[0].conflict');
    expect(asked(interview)).toContain('entities[1].conflict');
  });

  test('does not ask for a strategy where the data cannot be merged', () => {
    expect(asked(walk({ regions: 2, writeLatencyP99Ms: 50 }))).not.toContain('entities[0].conflict');
  });

  test('names the kind of data a question is about where there are several', () => {
    let interview = startInterview();
    while (interview.question!.id !== 'entities[1].consistency') {
      interview = answer(interview, interview.question!.id === 'entities' ? 2 : interview.question!.default);
    }
    expect(interview.question!.text).toBe('data 2: What is a reader promised?');
  });

  test('gives each question its words, its reason and a default it accepts', () => {
    let interview = startInterview();
    while (interview.question !== null) {
      expect(interview.question.text).not.toBe('');
      expect(interview.question.help).not.toBe('');
      expect(interview.question.reason).not.toBe('');
      interview = answer(interview, interview.question.default);
    }
  });

  test('goes back to the question before, with what was answered before it', () => {
    const first = answer(startInterview(), 5);
    expect(back(answer(first, 7))).toEqual(first);
    expect(back(startInterview())).toEqual(startInterview());
  });

  test.each([-1, Number.NaN, 'many', true])(
    'refuses %s writes per second and says what it expects',
    (value) => {
      expect(() => answer(startInterview(), value)).toThrow(InputError);
      expect(() => answer(startInterview(), value)).toThrow('a number from 0 to 10000000');
    },
  );

  test('is a pure function of the answers so far', () => {
    expect(nextQuestion([])?.id).toBe('writesPerSecond');
    expect(nextQuestion([{ id: 'writesPerSecond', value: 1 }])?.id).toBe('readsPerSecond');
    expect(() => nextQuestion([{ id: 'dataGB', value: 1 }])).toThrow(InputError);
  });
});
