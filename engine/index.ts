/**
 * Quorate's engine: replication, run in virtual time.
 *
 * ```ts
 * import { parseScenario, simulate } from 'quorate';
 *
 * const scenario = parseScenario({
 *   id: 'first',
 *   durationMs: 10_000,
 *   cluster: { nodes: [{ id: 'a' }, { id: 'b' }] },
 *   topology: { type: 'leader-follower' },
 *   workload: { clients: [{ writesPerSecond: 100 }] },
 *   faults: [{ type: 'crash', node: 'a', atMs: 5000 }],
 * });
 * const { verdicts, digest } = simulate(scenario);
 * ```
 */

export { fetchClusters } from '#clusters';
export { type CutWay, cutWays } from './cap/cut.ts';
export { type CapOfKind, type CapProbe, type CapQuestion, type CapReport, prepareCap } from './cap/probe.ts';
export {
  askedAt,
  type Cell,
  type ComparedRun,
  type ComparedTopology,
  Comparison,
  type ComparisonTable,
  comparedFigures,
  type PreparedComparison,
  prepareComparison,
} from './compare/compare.ts';
export { laterWriteDropped, nextWriteDropped, type Skew } from './conflicts/clock-skew.ts';
export {
  conflictChance,
  conflictingPairsPerSecond,
  conflictingWritesPerSecond,
  type Writers,
} from './conflicts/conflict-chance.ts';
export * as addWinsSet from './crdt/add-wins-set.ts';
export * as boundedCounter from './crdt/bounded-counter.ts';
export * as causalCounter from './crdt/causal-counter.ts';
export { encodedBytes, metadataBytes } from './crdt/encoded-size.ts';
export * as flag from './crdt/flag.ts';
export * as gCounter from './crdt/g-counter.ts';
export * as gSet from './crdt/g-set.ts';
export * as lexicographicCounter from './crdt/lexicographic-counter.ts';
export * as lwwElementSet from './crdt/lww-element-set.ts';
export * as lwwRegister from './crdt/lww-register.ts';
export * as multiValueRegister from './crdt/multi-value-register.ts';
export * as orMap from './crdt/or-map.ts';
export { joinLexicographic, joinPairwise } from './crdt/pair.ts';
export * as pnCounter from './crdt/pn-counter.ts';
export * as pnSet from './crdt/pn-set.ts';
export * as removeWinsSet from './crdt/remove-wins-set.ts';
export * as resetWinsCounter from './crdt/reset-wins-counter.ts';
export * as sequence from './crdt/sequence.ts';
export * as twoPhaseSet from './crdt/two-phase-set.ts';
export { decide } from './decide/decide.ts';
export {
  type Evidence,
  type EvidenceResult,
  evidenceFrom,
  evidenceRuns,
  type Target,
} from './decide/evidence.ts';
export {
  type Answer,
  answer,
  back,
  type Interview,
  nextQuestion,
  type Question,
  startInterview,
} from './decide/interview.ts';
export { type ProveOptions, prove } from './decide/prove.ts';
export type { AnswerValue } from './decide/questions.ts';
export type { Alternative, Flip, Reason, Recommendation, Settings } from './decide/recommendation.ts';
export { parseRequirements, type Requirements, requirementsFields } from './decide/requirements.ts';
export { explore } from './explore/explore.ts';
export { type Counterexample, type FindOptions, find, type NotFound } from './explore/find.ts';
export { leaderFollowerModel } from './explore/leader-follower.ts';
export type { CheckedModel, Coverage, Model, ModelBounds } from './explore/model.ts';
export { findPar, type ParFound, type ParNotFound } from './explore/par.ts';
export { scenarioModel } from './explore/scenario-model.ts';
export { type FaultKind, faultKinds } from './explore/schedules.ts';
export {
  type CheckedHistory,
  type CheckOptions,
  type Consistency,
  checkHistory,
  type HistoryWitness,
  type KeyOrder,
} from './histories/check.ts';
export { describeOperation } from './histories/describe.ts';
export {
  type History,
  HistoryBuilder,
  type Operation,
  type OperationOutcome,
  operationAt,
  type Value,
} from './histories/history.ts';
export type { Asked, KindOfOperation, SequentialModel } from './histories/model.ts';
export { models } from './histories/models.ts';
export { type FaultSpan, type Timeline, timelineOf } from './histories/timeline.ts';
export {
  type AutoIncrement,
  collidingNumbers,
  everyNumber,
  nextAutoIncrement,
  prefixedId,
  separateSeries,
  seriesMeet,
} from './identifiers/auto-increment.ts';
export { nextUuid, noUuidYet, type UuidState, uuidCollisionChance } from './identifiers/uuid.ts';
export { type Stream, streamOf } from './kernel/random.ts';
export type { Alert } from './observe/alerts.ts';
export { describeFault, describeTraceEntry, type Observer, type TraceEntry } from './observe/trace.ts';
export { availability } from './quorum/closed-forms.ts';
export { type QuorumLatency, quorumLatencies } from './quorum/latency.ts';
export { parseQuorumLatency } from './quorum/latency-text.ts';
export {
  askQuorum,
  defaultQuorumQuestion,
  emptyQuorumTally,
  type PreparedQuorum,
  prepareQuorum,
  prepareQuorumTable,
  type QuorumAnswer,
  type QuorumQuestion,
  type QuorumTable,
  type QuorumTableQuestion,
  quorumAnswer,
  quorumTable,
  sampleQuorum,
  tabulateQuorums,
} from './quorum/quorum.ts';
export {
  emptySimulatedTally,
  prepareSimulatedQuorum,
  type SimulatedQuorumAnswer,
  simulatedQuorumAnswer,
  simulatedTrials,
  simulateQuorumPart,
} from './quorum/simulated.ts';
export { addTally, type Tally } from './quorum/tally.ts';
export { Distribution, type DistributionJson, type DistributionSummary } from './run/distribution.ts';
export { Explanation } from './run/explain.ts';
export type { Interval } from './run/intervals.ts';
export { numberAt } from './run/number-at.ts';
export {
  type ChangesView,
  type ClusterView,
  type CopiesView,
  type EnabledFault,
  type FaultAction,
  open,
  type Player,
  type StreamView,
} from './run/player.ts';
export { confirms, decodeLink, encodeLink, type RunLink } from './run/record.ts';
export type { Causes, ExpectationResult, Failover, Outage, Report, Verdict } from './run/report.ts';
export { type SampleOptions, sample } from './run/sample.ts';
export { type RunOptions, simulate } from './run/simulate.ts';
export type { Spread } from './run/spread.ts';
export { engineVersion } from './run/version.ts';
export { parseScenario } from './scenario/parse.ts';
export { describePath, InputError, nearest, notKnownHere, type Problem } from './scenario/problems.ts';
export type { Scenario } from './scenario/scenario.ts';
export {
  type FaultDocument,
  type FaultSource,
  type ScenarioSource,
  type VerdictName,
  verdictNames,
} from './scenario/schema.ts';
export { compileCharts } from './statecharts/chart.ts';
export { CellSketch, type CellSketchJson } from './sweep/cell-sketch.ts';
export { type Axis, withSettings } from './sweep/grid.ts';
export { cellScenario, type Measure, parseSweep, type Sweep, unitOf } from './sweep/sweep.ts';
export { figuresOf, runSweep, type SweepAnswer, Swept, sweepRows, sweepUnit } from './sweep/swept.ts';
export { type Shard, type Unit, unitAt, unitsInOrder, wholeSweep } from './sweep/units.ts';
export {
  type Elections,
  type ElectionsOptions,
  NoLeaderError,
  simulateElections,
} from './topologies/consensus/elections.ts';
export {
  type ElectionsPlan,
  judgeElections,
  parseElections,
} from './topologies/consensus/elections-document.ts';
export * as dottedVersionVectors from './topologies/leaderless/dotted-version-vectors.ts';
export * as versionVectors from './topologies/leaderless/version-vectors.ts';
export {
  type MergeFunction,
  type MergeLaws,
  mergeLaws,
  registerMerge,
} from './topologies/multi-leader/merges.ts';
