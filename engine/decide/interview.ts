/**
 * The decision chart as an interview: pure values, so that going back is dropping the last answer.
 *
 * ```ts
 * let interview = startInterview();
 * while (interview.question !== null) interview = answer(interview, await ask(interview.question));
 * decide(interview.requirements);
 * ```
 */
import { initialTransition, type SnapshotFrom, transition } from 'xstate';
import { InputError, showValue } from '../scenario/problems.ts';
import { decisionChart, missingAnswer } from './decision.chart.ts';
import { type AnswerValue, type QuestionName, type QuestionSpec, questions } from './questions.ts';
import { parseRequirements, type Requirements } from './requirements.ts';

/** A question as a prompt shows it. */
export interface Question {
  /** Path of the field it fills, such as `entities[0].consistency`. */
  readonly id: string;
  readonly text: string;
  readonly help: string;
  /** Why it is asked. */
  readonly reason: string;
  readonly kind: 'choice' | 'number' | 'yesno';
  /** Of a number; null otherwise. */
  readonly unit: string | null;
  /** Of a number; null otherwise. */
  readonly range: { readonly min: number; readonly max: number; readonly whole: boolean } | null;
  /** Of a choice; empty otherwise. */
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly default: AnswerValue;
}

export interface Answer {
  readonly id: string;
  readonly value: AnswerValue;
}

export interface Interview {
  /** null when nothing is left that could change the answer. */
  readonly question: Question | null;
  readonly answers: readonly Answer[];
  /** Complete at any time: what was not asked has its default. */
  readonly requirements: Requirements;
  /** What was known before the first answer. */
  readonly from: Requirements;
}

type Snapshot = SnapshotFrom<typeof decisionChart>;

/** Where the chart is in an interview that was made here, so that an answer need not give all those before it again. */
const snapshots = new WeakMap<Interview, Snapshot>();

/** @param from What is known already; its values are the defaults offered. */
export function startInterview(from: Requirements = parseRequirements({})): Interview {
  return replay(from, []);
}

/** Answers the open question. Throws InputError when the value is none it can take. */
export function answer(interview: Interview, value: AnswerValue): Interview {
  if (interview.question === null) return interview;
  const given = { id: interview.question.id, value };
  const snapshot = snapshots.get(interview);
  const answers = [...interview.answers, given];
  return snapshot === undefined
    ? replay(interview.from, answers)
    : interviewAt(answered(snapshot, given), interview.from, answers);
}

/** The interview before its last answer; the same where there is none. */
export function back(interview: Interview): Interview {
  return replay(interview.from, interview.answers.slice(0, -1));
}

/** The question after these answers, or null when nothing is left to ask. Throws InputError as `answer` does. */
export function nextQuestion(
  answers: readonly Answer[],
  from: Requirements = parseRequirements({}),
): Question | null {
  return replay(from, answers).question;
}

function replay(from: Requirements, answers: readonly Answer[]): Interview {
  let [snapshot] = initialTransition(decisionChart, { requirements: from, answered: [] });
  for (const each of answers) snapshot = answered(snapshot, each);
  return interviewAt(snapshot, from, answers);
}

function answered(snapshot: Snapshot, { id, value }: Answer): Snapshot {
  const open = openQuestion(snapshot);
  if (open?.key !== id) {
    throw new InputError('requirements', [
      {
        path: [id],
        found: 'an answer',
        expected: open === undefined ? 'no more answers' : `an answer to ${open.key}`,
      },
    ]);
  }
  const requirements = fill(snapshot.context.requirements, open, value);
  return transition(decisionChart, snapshot, { type: 'answer', key: id, requirements })[0];
}

function interviewAt(snapshot: Snapshot, from: Requirements, answers: readonly Answer[]): Interview {
  const open = openQuestion(snapshot);
  const { requirements } = snapshot.context;
  const question = open === undefined ? null : shown(open, requirements);
  const interview = { question, answers, requirements, from };
  snapshots.set(interview, snapshot);
  return interview;
}

interface OpenQuestion {
  readonly spec: QuestionSpec;
  readonly key: string;
  /** Index of the kind of data it is about; 0 where it is about the whole. */
  readonly entity: number;
}

function openQuestion(snapshot: Snapshot): OpenQuestion | undefined {
  const name = Object.values(snapshot.getMeta())
    .map((meta) => meta?.question)
    .find((question): question is QuestionName => question !== undefined);
  if (name === undefined) return undefined;
  const key = missingAnswer(snapshot.context, name)!;
  return { spec: questions[name], key, entity: Number(/\[(\d+)\]/.exec(key)?.[1] ?? 0) };
}

function fill(
  requirements: Requirements,
  { spec, key, entity }: OpenQuestion,
  value: AnswerValue,
): Requirements {
  const expected = refusal(spec, value);
  if (expected !== undefined) {
    throw new InputError('requirements', [{ path: [key], found: showValue(value), expected }]);
  }
  // The kind of value was checked just above, by the question's own kind.
  if (spec.about === 'whole') return spec.write(requirements, value as never);
  const entities = requirements.entities.map((each, index) =>
    index === entity ? spec.write(each, value as never) : each,
  );
  return { ...requirements, entities };
}

/** What would have been expected; undefined where the value will do. */
function refusal(spec: QuestionSpec, value: AnswerValue): string | undefined {
  switch (spec.kind) {
    case 'yesno':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'choice': {
      const values = spec.choices.map((choice) => choice.value);
      return typeof value === 'string' && values.includes(value) ? undefined : `one of ${values.join(', ')}`;
    }
    case 'number': {
      const isNumber = typeof value === 'number' && value >= spec.min && value <= spec.max;
      if (isNumber && (!spec.whole || Number.isInteger(value))) return undefined;
      return `a ${spec.whole ? 'whole ' : ''}number from ${spec.min} to ${spec.max}`;
    }
  }
}

function shown({ spec, key, entity }: OpenQuestion, requirements: Requirements): Question {
  const about = requirements.entities[entity]!;
  const several = spec.about === 'entity' && requirements.entities.length > 1;
  return {
    id: key,
    text: several ? `${about.name}: ${spec.text}` : spec.text,
    help: spec.help,
    reason: spec.reason,
    kind: spec.kind,
    unit: spec.kind === 'number' ? spec.unit : null,
    range: spec.kind === 'number' ? { min: spec.min, max: spec.max, whole: spec.whole } : null,
    choices: spec.kind === 'choice' ? spec.choices : [],
    default: spec.about === 'whole' ? spec.read(requirements) : spec.read(about),
  };
}
