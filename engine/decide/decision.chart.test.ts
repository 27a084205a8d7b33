import { describe, expect, test } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { decisionChart } from './decision.chart.ts';
import { type QuestionName, questions } from './questions.ts';
import { topologies } from './recommendation.ts';
import { parseRequirements, requirementsFields } from './requirements.ts';

const states = Object.values(decisionChart.states);

describe('the decision chart', () => {
  test('asks every question in exactly one state', () => {
    const asked = states.map(({ meta }) => meta?.question).filter((name) => name !== undefined);
    expect(asked.sort()).toEqual((Object.keys(questions) as QuestionName[]).sort());
  });

  test('ends in the five topologies and nowhere else', () => {
    const ends = states.filter(({ type }) => type === 'final').map(({ key }) => key);
    expect(ends).toEqual([...topologies]);
  });

  test('fills fields that the requirements have', () => {
    const fields = requirementsFields().map(({ path }) => path);
    for (const question of Object.values(questions)) {
      const path =
        question.about === 'entity'
          ? `entities[].${question.field}`
          : question.field.replace(/\[\d+\]/, '[]');
      expect(fields).toContain(path);
    }
  });

  test('waits at the first question, moves on with an answer, and keeps it', () => {
    const requirements = parseRequirements({});
    const [start] = initialTransition(decisionChart, { requirements, answered: [] });
    expect(start.value).toBe('how many writes');
    const more = { ...requirements, writesPerSecond: 7 };
    const [next] = transition(decisionChart, start, {
      type: 'answer',
      key: 'writesPerSecond',
      requirements: more,
    });
    expect(next.value).toBe('how many reads');
    expect(next.context).toMatchObject({
      answered: ['writesPerSecond'],
      requirements: { writesPerSecond: 7 },
    });
  });

  test('runs to its end at once where the requirements are complete', () => {
    const [end] = initialTransition(decisionChart, {
      requirements: parseRequirements({}),
      answered: 'everything',
    });
    expect(end.status).toBe('done');
    expect(end.value).toBe('leader-follower');
  });
});
