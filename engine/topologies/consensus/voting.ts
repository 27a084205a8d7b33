/** Elections: whom a server votes for, how it stands, and what it has on disk before it tells. */

import { sampleLatency } from '../../kernel/latency.ts';
import type { Out } from '../../kernel/protocol.ts';
import { lastTerm } from '../wal.ts';
import { MESSAGE_BYTES, NOTE_STANDING, NOTE_VOTED, PREVOTE, PREVOTED, VOTE, VOTED } from './messages.ts';
import { type Activation, forgetLeader, NOBODY, type Server, TIMEOUTS, takeTerm } from './server.ts';

/** A timeout, drawn as the timer starts: never the one before it again. */
export function electionTimeoutUs({ node, out }: Activation): number {
  return sampleLatency(node.settings.timeout, out.draw(TIMEOUTS));
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

export function isUpToDate({ node: { wal }, input }: Activation): boolean {
  const last = lastTerm(wal);
  return input.b > last || (input.b === last && input.c >= wal.lastLsn);
}

/**
 * VOTE, PREVOTE: a leader lives, as far as this server can know. Who would unseat it is one that does not hear it; and the
 * leader counts on it that nobody votes so soon.
 */
export function hearsOfLeader({ node, out }: Activation): boolean {
  const { checkQuorum, leastTimeoutUs } = node.settings;
  const lastWordUs = node.leader === node.self ? node.confirmedAtUs : node.heardAtUs;
  return checkQuorum && out.elapsedUs(lastWordUs) < leastTimeoutUs;
}

/** After a restart: it may have answered a leader just before it died, who counts on its not voting for a while. */
export function keepPromises({ node, out }: Activation): void {
  node.heardAtUs = out.nowUs;
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

// Before standing: whether it would be of any use. An answer binds nobody and changes nothing.

/** Whether to ask before standing: not where there is nobody to ask. */
export function asksFirst({ node: { settings } }: Activation): boolean {
  return settings.preVote && settings.majority > 1;
}

export function askForSupport(activation: Activation): void {
  const { node, out } = activation;
  forgetLeader(node, out);
  node.voters.fill(0);
  node.voters[node.self] = 1;
  node.votes = 1;
  out.note(NOTE_STANDING, node.term + 1, 1, 0, 0);
  ask(activation, PREVOTE, node.term + 1);
}

/** PREVOTE: whether the server would vote for it in the term it would open. */
export function deservesSupport(activation: Activation): boolean {
  const { node, input } = activation;
  return input.a > node.term && isUpToDate(activation) && !hearsOfLeader(activation);
}

export function grantSupport({ input, out }: Activation): void {
  out.send(input.from, PREVOTED, input.a, GRANTED, 0, 0, 0, MESSAGE_BYTES);
}

export function refuseSupport({ node, input, out }: Activation): void {
  out.send(input.from, PREVOTED, node.term, REFUSED, 0, 0, 0, MESSAGE_BYTES);
}

/** PREVOTED: support not counted yet, for the term it would open. */
export function isSupport({ node, input }: Activation): boolean {
  return input.b === GRANTED && input.a === node.term + 1 && node.voters[input.from] === 0;
}

export function makesMajorityOfSupport(activation: Activation): boolean {
  const { node } = activation;
  return isSupport(activation) && node.votes + 1 >= node.settings.majority;
}

/** PREVOTED: a refusal that tells of a newer term. */
export function refusesFromNewerTerm({ node, input }: Activation): boolean {
  return input.b === REFUSED && input.a > node.term;
}

// A candidate.

/**
 * Opens the next term, asks for votes, and gives itself its own, which like any other counts once it is durable. To ask
 * before that is safe: a candidate that dies meanwhile is none any more, and nobody counts the votes it asked for.
 */
export function standForElection(activation: Activation): void {
  const { node, out } = activation;
  forgetLeader(node, out);
  node.term += 1;
  node.votedFor = node.self;
  node.voters.fill(0);
  node.votes = 0;
  out.note(NOTE_STANDING, node.term, 0, 0, 0);
  if (node.settings.writesVotes) write(activation, node.self, GRANTED);
  else countMyVote(activation);
  ask(activation, VOTE, node.term);
}

function ask({ node: { settings, self, wal }, out }: Activation, kind: number, term: number): void {
  const last = lastTerm(wal);
  for (let server = 0; server < settings.servers; server++) {
    if (server !== self) out.send(server, kind, term, last, wal.lastLsn, 0, 0, MESSAGE_BYTES);
  }
}

/** FLUSHED: what is now on disk is its own vote, in the term it stands in. */
export function isMyVote({ node, input }: Activation): boolean {
  return input.b === written(node.term, node.self, GRANTED);
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

// Disk.

const REFUSED = 0;
const GRANTED = 1;
/** What a term, a candidate and an answer leave of the one integer that comes back when they are on disk. */
const DURABLE_TERMS_MOST = 0x80_0000;

function written(term: number, candidate: number, answer: number): number {
  if (term >= DURABLE_TERMS_MOST) throw new RangeError(`the run has more than ${DURABLE_TERMS_MOST} terms`);
  return (term << 8) | (candidate << 1) | answer;
}

/** The same integer where servers are called otherwise; what is below 0 is no vote. */
export function renamedVote(b: number, to: readonly number[]): number {
  return b < 0 ? b : written(b >> 8, to[(b >> 1) & 0x7f]!, b & 1);
}

/** Tells the candidate, or first makes term and answer durable: a server that forgets its vote may give it again. */
function write({ node, out }: Activation, candidate: number, answer: number): void {
  const { term, settings, flushedLsn } = node;
  if (settings.writesVotes) out.fsync(flushedLsn, written(term, candidate, answer), MESSAGE_BYTES);
  else sendAnswer(out, candidate, term, answer);
}

function sendAnswer(out: Out, candidate: number, term: number, answer: number): void {
  if (answer === GRANTED) out.note(NOTE_VOTED, term, candidate, 0, 0);
  out.send(candidate, VOTED, term, answer, 0, 0, 0, MESSAGE_BYTES);
}

/** FLUSHED: an answer is durable and goes out, even where a newer term has come since: it was given in its own. */
export function sendDurableAnswer(activation: Activation): void {
  noteVoteDurable(activation);
  const { node, input, out } = activation;
  const candidate = (input.b >> 1) & 0x7f;
  // Its own vote in a candidacy that it has given up is of no use to anybody.
  if (candidate !== node.self) sendAnswer(out, candidate, input.b >> 8, input.b & 1);
}

export function noteVoteDurable({ node, input }: Activation): void {
  const term = input.b >> 8;
  noteTermDurable(node, term);
  if ((input.b & 1) === GRANTED && term === node.durableTerm) node.durableVotedFor = (input.b >> 1) & 0x7f;
}

export function noteTermDurable(node: Server, term: number): void {
  if (term <= node.durableTerm) return;
  node.durableTerm = term;
  node.durableVotedFor = NOBODY;
}
