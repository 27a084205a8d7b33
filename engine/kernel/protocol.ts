/**
 * The seam between what a node does and who decides what happens next.
 *
 * A topology is a set of node kinds with plain, copyable, hashable state and one entry point, `onInput`. The same code
 * runs under the time-ordered loop (`loop.ts`, simulation) and under the choice-ordered explorer (`explore/`): both
 * give inputs and both take what the node asks for through `Out`.
 *
 * Inputs and messages are packed integers here; observers see typed unions built from them (`observe/trace.ts`).
 */

/** Input kinds of the kernel itself. */
export const START = 0;
/** A timer fired; `a` is its slot. */
export const TIMER = 1;
/** An fsync is done; `a` and `b` are what was given to `Out.fsync`. */
export const FLUSHED = 2;
/** The process died. The node drops what only memory held, and unless `a` is 1 what it had not fsynced. A dead machine cannot send. */
export const CRASHED = 3;
/** The process came back, with what the disk held. */
export const RESTARTED = 4;
/** Somebody at the machine acts: `a` says what, in the topology's numbers; the rest is as it says. */
export const OPERATOR = 5;

/** Message kinds that clients and nodes of every topology speak. */
export const READ = 16;
export const WRITE = 17;
/** A read's answer: what was found. */
export const READ_OK = 18;
/** A write's acknowledgement: slot, number, term, LSN; 1 where fewer have it than were waited for. */
export const WRITE_OK = 19;
/** The operation surely did not happen. `c`: 1 + the replica that leads, −1 where the sender knows none, 0 says nothing; `d`: its term; `e`: why, `FAILED_…`, or 0. */
export const REFUSED = 20;
/** Another write of the row came before it in the order: it failed certification. */
export const FAILED_CERTIFICATION = 1;
/** Where to send operations now: the leader and the replicas that live. */
export const ROUTE = 21;
/** This replica shows less than the reader of READ has seen: ask the leader. */
export const BEHIND = 22;
/** Whoever coordinates the operation has waited for replicas too long: it may have happened. */
export const TIMED_OUT = 23;
/** A client looks whether a node that left it without an answer is there again; and it is. */
export const PING = 24;
export const PONG = 25;
/** A write of nothing: the key is to be deleted. Answered as WRITE. */
export const DELETE = 26;
/** Each topology numbers its own messages from here. */
export const FIRST_TOPOLOGY_MESSAGE = 32;
/** Message kinds stay below this; the loop marks records above it. */
export const MESSAGE_KINDS = 256;

/** What a node is given. One object is reused for every dispatch: do not keep it. Fields are int32. */
export interface Input {
  kind: number;
  /** The sender, for messages. */
  from: number;
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  bytes: number;
}

/** What a node may ask for while it handles an input. */
export interface Out {
  /** The present, in µs of virtual time. For stamps that observers read; a node's decisions go by its timers. */
  readonly nowUs: number;
  /** How long ago `sinceUs`, an earlier `nowUs`, is on the node's own clock. What it decides by besides its timers. */
  elapsedUs(sinceUs: number): number;
  /** What the node's own clock shows, skew and drift and all, in µs: for stamps that others compare with theirs. */
  clockUs(): number;
  send(to: number, kind: number, a: number, b: number, c: number, d: number, e: number, bytes: number): void;
  /** (Re)starts one of the node's own timers, on its own clock. */
  startTimer(slot: number, delayUs: number): void;
  cancelTimer(slot: number): void;
  /** Asks for `bytes` written so far to be made durable; comes back as FLUSHED with `a` and `b`. */
  fsync(a: number, b: number, bytes: number): void;
  /** Takes the machine for `ps` picoseconds, behind what it serves already; gives the µs from now until that is done. */
  occupy(ps: number): number;
  /** Cuts a machine's power, now: it dies, and nothing starts it again. What a fencing device does. */
  powerOff(actor: number): void;
  /** Tells observers of something that no message shows. Kinds belong to who tells. */
  note(kind: number, a: number, b: number, c: number, d: number): void;
  /** 32 random bits from one of the node's own streams. */
  draw(stream: number): number;
}

/** 0 ≤ result < n ≤ 2^21 from 32 random bits; the odds of two results differ by less than n / 2^32. */
export function pick(bits: number, n: number): number {
  return Math.floor(((bits >>> 0) * n) / 0x1_0000_0000);
}

/** How many bits are set. */
export function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** One kind of node. `State` is plain data (`kernel/plain.ts` copies and hashes it). */
export interface NodeKind<State> {
  onInput(node: State, input: Input, out: Out): void;
}

/** What an input costs the node that serves it. */
export const SERVICE_NONE = 0;
export const SERVICE_READ = 1;
export const SERVICE_WRITE = 2;
export const SERVICE_APPLY = 3;
/** Costs nothing, but waits its turn behind what came before it. */
export const SERVICE_TURN = 4;
export const SERVICE_CLASSES = 5;
