/**
 * The decision, asked and taken. First the questions, each only while its answer can still change something; then the
 * ladder of escalation, one rung per topology, climbed only when a requirement rules the rung out.
 *
 * The chart holds answers, so XState runs it as it is. Given complete requirements it runs to its end at once.
 */
import { and, assign, setup } from 'xstate';
import { isStrong, shardsNeeded } from './facts.ts';
import { type QuestionName, type QuestionSpec, questions } from './questions.ts';
import { type Topology, topologies } from './recommendation.ts';
import type { Requirements } from './requirements.ts';
import { misfit } from './rules.ts';

export interface DecisionContext {
  readonly requirements: Requirements;
  /** Keys of the questions answered so far, or everything where the requirements came complete. */
  readonly answered: readonly string[] | 'everything';
  readonly sharded: boolean;
}

/** One answer, as it changes the requirements. */
export interface AnswerInput {
  readonly type: 'answer';
  readonly key: string;
  readonly requirements: Requirements;
}

/** The keys under which the answers to a question are kept: one, or one per kind of data. */
function answerKeys(name: QuestionName, requirements: Requirements): string[] {
  const question: QuestionSpec = questions[name];
  if (question.about === 'whole') return [question.field];
  return requirements.entities.map((_, index) => `entities[${index}].${question.field}`);
}

/** The first answer still missing to a question; undefined where all are there. */
export function missingAnswer(
  { requirements, answered }: DecisionContext,
  name: QuestionName,
): string | undefined {
  if (answered === 'everything') return undefined;
  return answerKeys(name, requirements).find((key) => !answered.includes(key));
}

/** The topology that fails the requirements least; of equals the earliest on the ladder. */
export function leastBad(requirements: Requirements): Topology {
  const misfits = topologies.map((topology) => misfit(topology, requirements));
  return topologies[misfits.indexOf(Math.min(...misfits))]!;
}

const answered = (question: QuestionName) => ({ type: 'answered' as const, params: { question } });
const fits = (topology: Topology) => ({ type: 'fits' as const, params: { topology } });
const leastBadIs = (topology: Topology) => ({ type: 'least bad' as const, params: { topology } });

export const decisionChart = setup({
  types: {
    context: {} as DecisionContext,
    input: {} as Pick<DecisionContext, 'requirements' | 'answered'>,
    events: {} as AnswerInput,
    meta: {} as { question?: QuestionName; rung?: string },
  },
  actions: {
    'keep the answer': assign(({ context, event }) => ({
      requirements: event.requirements,
      answered: context.answered === 'everything' ? context.answered : [...context.answered, event.key],
    })),
    'shard it': assign({ sharded: true }),
  },
  guards: {
    answered: ({ context }, { question }: { question: QuestionName }) =>
      missingAnswer(context, question) === undefined,
    'one region': ({ context }) => context.requirements.regions.length === 1,
    'some data is strong': ({ context }) => context.requirements.entities.some(isStrong),
    'all data is strong': ({ context }) => context.requirements.entities.every(isStrong),
    'one leader is enough': ({ context }) =>
      misfit('single-node', context.requirements) === 0 ||
      misfit('leader-follower', context.requirements) === 0,
    'a change covers several keys': ({ context }) =>
      context.requirements.entities.some((entity) => entity.transactions),
    'some data cannot be merged': ({ context }) =>
      context.requirements.entities.some((entity) => !entity.mergeable),
    'one node is not enough': ({ context }) => shardsNeeded(context.requirements) > 1,
    fits: ({ context }, { topology }: { topology: Topology }) => misfit(topology, context.requirements) === 0,
    'least bad': ({ context }, { topology }: { topology: Topology }) =>
      leastBad(context.requirements) === topology,
  },
}).createMachine({
  id: 'decision',
  context: ({ input }) => ({ ...input, sharded: false }),
  on: { answer: { actions: 'keep the answer' } },
  initial: 'how many writes',
  states: {
    // The load.
    'how many writes': {
      meta: { question: 'writes' },
      always: { guard: answered('writes'), target: 'how many reads' },
    },
    'how many reads': {
      meta: { question: 'reads' },
      always: { guard: answered('reads'), target: 'how much data' },
    },
    'how much data': {
      meta: { question: 'data' },
      always: { guard: answered('data'), target: 'writes one node takes' },
    },
    'writes one node takes': {
      meta: { question: 'nodeWrites' },
      always: { guard: answered('nodeWrites'), target: 'reads one node serves' },
    },
    'reads one node serves': {
      meta: { question: 'nodeReads' },
      always: { guard: answered('nodeReads'), target: 'data one node holds' },
    },
    'data one node holds': {
      meta: { question: 'nodeStorage' },
      always: { guard: answered('nodeStorage'), target: 'how many regions' },
    },

    // The places.
    'how many regions': {
      meta: { question: 'regions' },
      always: [
        { guard: and([answered('regions'), 'one region']), target: 'how many kinds of data' },
        { guard: answered('regions'), target: 'where most users are' },
      ],
    },
    'where most users are': {
      meta: { question: 'mainShare' },
      always: { guard: answered('mainShare'), target: 'how far the regions are' },
    },
    'how far the regions are': {
      meta: { question: 'roundTrip' },
      always: { guard: answered('roundTrip'), target: 'what must be survived' },
    },
    'what must be survived': {
      meta: { question: 'survives' },
      always: { guard: answered('survives'), target: 'how many kinds of data' },
    },

    // The promises.
    'how many kinds of data': {
      meta: { question: 'kinds' },
      always: { guard: answered('kinds'), target: 'how consistent' },
    },
    'how consistent': {
      meta: { question: 'consistency' },
      always: { guard: answered('consistency'), target: 'how fast writes must be' },
    },
    'how fast writes must be': {
      meta: { question: 'latency' },
      always: { guard: answered('latency'), target: 'what may be lost' },
    },
    'what may be lost': {
      meta: { question: 'loss' },
      always: { guard: answered('loss'), target: 'how long an outage' },
    },
    'how long an outage': {
      meta: { question: 'outage' },
      always: [
        { guard: and([answered('outage'), 'all data is strong']), target: 'are transactions worth asking' },
        { guard: answered('outage'), target: 'how old reads may be' },
      ],
    },
    'how old reads may be': {
      meta: { question: 'staleness' },
      always: [
        // During a partition strong data has no choice left.
        {
          guard: and([answered('staleness'), 'some data is strong']),
          target: 'are transactions worth asking',
        },
        { guard: answered('staleness'), target: 'what happens in a partition' },
      ],
    },
    'what happens in a partition': {
      meta: { question: 'partition' },
      always: { guard: answered('partition'), target: 'are transactions worth asking' },
    },

    // What only matters beyond one leader, or across shards.
    'are transactions worth asking': {
      always: [
        { guard: 'one node is not enough', target: 'do changes cover several keys' },
        { guard: 'one leader is enough', target: 'is one machine enough' },
        { guard: 'some data is strong', target: 'how much effort' },
        { target: 'do changes cover several keys' },
      ],
    },
    'do changes cover several keys': {
      meta: { question: 'transactions' },
      always: [
        { guard: and([answered('transactions'), 'one leader is enough']), target: 'is one machine enough' },
        { guard: and([answered('transactions'), 'some data is strong']), target: 'how much effort' },
        { guard: and([answered('transactions'), 'a change covers several keys']), target: 'how much effort' },
        { guard: answered('transactions'), target: 'can changes be merged' },
      ],
    },
    'can changes be merged': {
      meta: { question: 'mergeable' },
      always: [
        { guard: and([answered('mergeable'), 'some data cannot be merged']), target: 'how much effort' },
        { guard: answered('mergeable'), target: 'how conflicts are resolved' },
      ],
    },
    'how conflicts are resolved': {
      meta: { question: 'conflict' },
      always: { guard: answered('conflict'), target: 'how much effort' },
    },
    'how much effort': {
      meta: { question: 'effort' },
      always: { guard: answered('effort'), target: 'is one machine enough' },
    },

    // The ladder.
    'is one machine enough': {
      meta: { rung: 'One machine is enough, with a backup, until a requirement says otherwise.' },
      always: [
        { guard: fits('single-node'), target: 'single-node' },
        { target: 'does one node take the load' },
      ],
    },
    'does one node take the load': {
      meta: { rung: 'More writes or data than one node takes: shard first, then choose for each shard.' },
      always: [
        { guard: 'one node is not enough', target: 'is one leader enough', actions: 'shard it' },
        { target: 'is one leader enough' },
      ],
    },
    'is one leader enough': {
      meta: {
        rung: 'One leader and its followers: the default, for reads scale and conflicts cannot happen.',
      },
      always: [
        { guard: fits('leader-follower'), target: 'leader-follower' },
        { target: 'do several leaders fit' },
      ],
    },
    'do several leaders fit': {
      meta: { rung: 'A leader in each region, where each kind of data has a named conflict strategy.' },
      always: [{ guard: fits('multi-leader'), target: 'multi-leader' }, { target: 'does no leader fit' }],
    },
    'does no leader fit': {
      meta: { rung: 'No leader and quorums, where availability comes before consistency.' },
      always: [{ guard: fits('leaderless'), target: 'leaderless' }, { target: 'does consensus fit' }],
    },
    'does consensus fit': {
      meta: { rung: 'Consensus, where strong consistency must survive without people.' },
      always: [{ guard: fits('consensus'), target: 'consensus' }, { target: 'what is least bad' }],
    },
    'what is least bad': {
      meta: { rung: 'No topology meets everything: the one that breaks least, and what it breaks.' },
      always: [
        { guard: leastBadIs('single-node'), target: 'single-node' },
        { guard: leastBadIs('leader-follower'), target: 'leader-follower' },
        { guard: leastBadIs('multi-leader'), target: 'multi-leader' },
        { guard: leastBadIs('leaderless'), target: 'leaderless' },
        { target: 'consensus' },
      ],
    },
    'single-node': { type: 'final' },
    'leader-follower': { type: 'final' },
    'multi-leader': { type: 'final' },
    leaderless: { type: 'final' },
    consensus: { type: 'final' },
  },
});
