/**
 * A server's state as far as elections go, and their rules as plain functions that the chart names (`raft.chart.ts`).
 *
 * Further reading: Ongaro and Ousterhout, In search of an understandable consensus algorithm, 2014, figure 2; Ongaro's
 * dissertation, https://github.com/ongardie/dissertation, chapters 3 and 9.
 */

import { type LatencyTable, sampleLatency } from '../../kernel/latency.ts';
import type { Input, Out } from '../../kernel/protocol.ts';
import { HEARD, HEARTBEAT, MESSAGE_BYTES, NOTE_LEADING, NOTE_VOTED, VOTE, VOTED } from './messages.ts';

export interface ServerSettings {
  /** How many servers there are, dead or alive; their actors count from 0. */
  readonly servers: number;
  /** Votes that make a leader, its own included. */
  readonly majority: number;
  /** Election timeouts, drawn anew each time the timer starts. */
  readonly timeout: LatencyTable;
  readonly heartbeatUs: number;
  /** Whether term and vote come to disk before they are told to anybody; otherwise they are there at once. */
  readonly writesVotes: boolean;
}

export const NOBODY = -1;

export interface Server {
  readonly settings: ServerSettings;
  readonly self: number;
  /** Leads from the start, in the term it begins with: a leader that was elected before the run. */
  readonly leadsAtStart: boolean;
  /** Configuration of the chart. */
  role: number;

  /** The newest term it knows of, and whom it voted for in it. */
  term: number;
  votedFor: number;
  /** The same as its disk has them. */
  durableTerm: number;
  durableVotedFor: number;
  /** The last entry of its log. */
  readonly lastTerm: number;
  readonly lastIndex: number;

  /** As a candidate: who has voted for it, 1 or 0 by server, and how many have. */
  readonly voters: Uint8Array;
  votes: number;
}

/** What the chart sees as its context: the server, what it was given, and what it may ask for. */
export interface Activation {
  node: Server;
  input: Input;
  out: Out;
}

/** The index of its own streams of chance that timeouts are drawn from. */
const TIMEOUTS = 0;
export const serverChances: readonly string[] = ['election timeouts'];

export function newServer(
  settings: ServerSettings,
  self: number,
  { term, lastIndex, leadsAtStart }: Pick<Server, 'term' | 'lastIndex' | 'leadsAtStart'>,
): Server {
  return {
    settings,
    self,
    leadsAtStart,
    role: 0,
    term,
    votedFor: NOBODY,
    durableTerm: term,
    durableVotedFor: NOBODY,
    lastTerm: term,
    lastIndex,
    voters: new Uint8Array(settings.servers),
    votes: 0,
  };
}

export function leadsAtStart({ node }: Activation): boolean {
  return node.leadsAtStart;
}

/** A timeout, drawn as the timer starts: never the one before it again. */
export function electionTimeoutUs({ node, out }: Activation): number {
  return sampleLatency(node.settings.timeout, out.draw(TIMEOUTS));
}

export function isOfNewerTerm({ node, input }: Activation): boolean {
  return input.a > node.term;
}

export function isNotOfOlderTerm({ node, input }: Activation): boolean {
  return input.a >= node.term;
}

/** Takes a newer term over; its vote in that one is still to be given. */
export function takeTerm({ node, input }: Activation): void {
  if (input.a <= node.term) return;
  node.term = input.a;
  node.votedFor = NOBODY;
}

// A voter.

/**
 * VOTE: whether the candidate may have this server's vote: one a term, and only for a log that ends no earlier than its
 * own. A log ends later with a later term, or in the same term with a greater index.
 */
export function deservesVote(activation: Activation): boolean {
  const { node, input } = activation;
  const mayVote =
    input.a > node.term ||
    (input.a === node.term && (node.votedFor === NOBODY || node.votedFor === input.from));
  return mayVote && isUpToDate(activation);
}

function isUpToDate({ node, input }: Activation): boolean {
  return input.b > node.lastTerm || (input.b === node.lastTerm && input.c >= node.lastIndex);
}

export function grantVote(activation: Activation): void {
  takeTerm(activation);
  const { node, input } = activation;
  node.votedFor = input.from;
  write(activation, input.from, GRANTED);
}

export function refuseVote(activation: Activation): void {
  const { node, input, out } = activation;
  if (node.term > node.durableTerm) write(activation, input.from, REFUSED);
  else sendAnswer(out, input.from, node.term, REFUSED);
}

// A candidate.

/**
 * Opens the next term, asks for votes, and gives itself its own, which like any other counts once it is durable. To ask
 * before that is safe: a candidate that dies meanwhile is none any more, and nobody counts the votes it asked for.
 */
export function standForElection(activation: Activation): void {
  const { node } = activation;
  node.term += 1;
  node.votedFor = node.self;
  node.voters.fill(0);
  node.votes = 0;
  if (node.settings.writesVotes) write(activation, node.self, GRANTED);
  else countMyVote(activation);
  requestVotes(activation);
}

function requestVotes({ node, out }: Activation): void {
  for (let server = 0; server < node.settings.servers; server++) {
    if (server !== node.self)
      out.send(server, VOTE, node.term, node.lastTerm, node.lastIndex, 0, 0, MESSAGE_BYTES);
  }
}

/** FLUSHED: what is now on disk is its own vote, in the term it stands in. */
export function isMyVote({ node, input }: Activation): boolean {
  return input.a === node.term && input.b === written(node.self, GRANTED);
}

/** VOTED: a vote that it has not counted yet, in the term it stands in. */
export function isVoteForMe({ node, input }: Activation): boolean {
  return input.a === node.term && input.b === GRANTED && node.voters[input.from] === 0;
}

export function makesMajority(activation: Activation): boolean {
  const { node } = activation;
  return isVoteForMe(activation) && node.votes + 1 >= node.settings.majority;
}

export function myVoteMakesMajority(activation: Activation): boolean {
  const { node } = activation;
  return isMyVote(activation) && node.votes + 1 >= node.settings.majority;
}

export function countMyVote({ node, out }: Activation): void {
  out.note(NOTE_VOTED, node.term, node.self, 0, 0);
  node.voters[node.self] = 1;
  node.votes += 1;
}

export function countVote({ node, input }: Activation): void {
  node.voters[input.from] = 1;
  node.votes += 1;
}

// A leader, and who hears it.

export function noteLeading({ node, out }: Activation): void {
  out.note(NOTE_LEADING, node.term, 0, 0, 0);
}

export function sendHeartbeats({ node, out }: Activation): void {
  for (let server = 0; server < node.settings.servers; server++) {
    if (server !== node.self) out.send(server, HEARTBEAT, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
  }
}

export function answerHeartbeat({ node, input, out }: Activation): void {
  out.send(input.from, HEARD, node.term, 0, 0, 0, 0, MESSAGE_BYTES);
}

// Disk.

const REFUSED = 0;
const GRANTED = 1;

/** Candidate and answer in the one integer that comes back when they are on disk. */
function written(candidate: number, answer: number): number {
  return candidate * 2 + answer;
}

/** Tells the candidate, or first makes term and answer durable: a server that forgets its vote may give it again. */
function write({ node, out }: Activation, candidate: number, answer: number): void {
  if (node.settings.writesVotes) out.fsync(node.term, written(candidate, answer), MESSAGE_BYTES);
  else sendAnswer(out, candidate, node.term, answer);
}

function sendAnswer(out: Out, candidate: number, term: number, answer: number): void {
  if (answer === GRANTED) out.note(NOTE_VOTED, term, candidate, 0, 0);
  out.send(candidate, VOTED, term, answer, 0, 0, 0, MESSAGE_BYTES);
}

/** FLUSHED: an answer is durable and goes out, even where a newer term has come since: it was given in its own. */
export function sendDurableAnswer(activation: Activation): void {
  noteDurable(activation);
  const { node, input, out } = activation;
  const candidate = input.b >> 1;
  // Its own vote in a candidacy that it has given up is of no use to anybody.
  if (candidate !== node.self) sendAnswer(out, candidate, input.a, input.b & 1);
}

export function noteDurable({ node, input }: Activation): void {
  if (input.a > node.durableTerm) {
    node.durableTerm = input.a;
    node.durableVotedFor = NOBODY;
  }
  if ((input.b & 1) === GRANTED) node.durableVotedFor = input.b >> 1;
}

/** The process died: what it knows is what its disk knew. */
export function forgetUnwritten(node: Server): void {
  if (!node.settings.writesVotes) return;
  node.term = node.durableTerm;
  node.votedFor = node.durableVotedFor;
}
