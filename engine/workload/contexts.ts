/**
 * What a group's writes say of what their writers had read: the version that a read of the key returned, its causal context.
 * Where versions are stamps, stores make nothing of it, and the verdict on discarded writes does.
 */

/** Nothing; what the user has read of the key last; or every write is preceded by a read of its key, and says what that found. */
export type ContextRule = 'none' | 'last-read' | 'read-first';
export const contextRules = ['none', 'last-read', 'read-first'] as const satisfies readonly ContextRule[];

export interface Contexts {
  readonly rule: ContextRule;
  /** Per slot of the group's pool: term and LSN of what a write says; and of a read that a write is to follow the key, else −1. */
  ofSlot: Int32Array;
  keysToWrite: Int32Array;
  /** Per user and key: term and LSN of what was read last. */
  readonly lastRead: Int32Array;
  readonly keys: number;
}

export function newContexts(rule: ContextRule, slots: number, users: number, keys: number): Contexts {
  return {
    rule,
    ofSlot: new Int32Array(slots * 2),
    keysToWrite: new Int32Array(slots).fill(-1),
    lastRead: new Int32Array(rule === 'last-read' ? users * keys * 2 : 0),
    keys,
  };
}

/** A write begins in a slot: `term` and `lsn` of the read before it, or of what its user has read last. */
export function takeContext(
  contexts: Contexts,
  slot: number,
  { user, key, term, lsn }: { user: number; key: number; term: number; lsn: number },
): void {
  const { rule, ofSlot, lastRead, keys } = contexts;
  const at = (user * keys + key) * 2;
  const isLast = rule === 'last-read';
  ofSlot[slot * 2] = isLast ? lastRead[at]! : term;
  ofSlot[slot * 2 + 1] = isLast ? lastRead[at + 1]! : lsn;
}

/** A user is answered a read. */
export function noteContext(contexts: Contexts, user: number, key: number, term: number, lsn: number): void {
  const at = (user * contexts.keys + key) * 2;
  contexts.lastRead[at] = term;
  contexts.lastRead[at + 1] = lsn;
}

export function widenContexts(contexts: Contexts): void {
  const slots = contexts.keysToWrite.length;
  const ofSlot = new Int32Array(slots * 4);
  ofSlot.set(contexts.ofSlot);
  const keysToWrite = new Int32Array(slots * 2).fill(-1);
  keysToWrite.set(contexts.keysToWrite);
  contexts.ofSlot = ofSlot;
  contexts.keysToWrite = keysToWrite;
}
