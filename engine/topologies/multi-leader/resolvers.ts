/** What becomes of writes of which neither author had seen the other's. */

export const LAST_WRITER = 0;
export const FIRST_WRITER = 1;
export const KEEP_BOTH = 2;
export const MAX = 3;
export const UNION = 4;
export const SUM = 5;
export const ARRIVAL_ORDER = 6;
export const PGD = 7;
/** By a function of the application's own (`merges.ts`). */
export const MERGE = 8;
/** From here on the column holds a conflict-free replicated type. */
const FIRST_CRDT = 9;
export const LWW_REGISTER = FIRST_CRDT;

const crdtNames = [
  'lww-register',
  'mv-register',
  'g-counter',
  'pn-counter',
  'add-wins-set',
  'remove-wins-set',
] as const;
export type CrdtName = (typeof crdtNames)[number];

/** By number. */
export const resolverNames = [
  'last-writer',
  'first-writer',
  'keep-both',
  'max',
  'union',
  'sum',
  'arrival-order',
  'pgd',
  'merge',
  ...crdtNames,
] as const;
export type ResolverName = (typeof resolverNames)[number];

export function isCrdt(name: ResolverName): name is CrdtName {
  return resolverNames.indexOf(name) >= FIRST_CRDT;
}

/** Those that a scenario names by a word; a merge function has a name of its own beside. */
export const namedResolvers = resolverNames.filter((name) => name !== 'merge');

/** Whether a write may take something away: a row can be deleted, an item taken out, a counter count down. */
export function takesDeletes(name: ResolverName): boolean {
  return !['max', 'sum', 'merge', 'g-counter', 'lww-register', 'mv-register'].includes(name);
}

/** Whether a column is a cart, that items are put into and taken out of. */
export function holdsItems(name: ResolverName): boolean {
  return name === 'union' || name === 'add-wins-set' || name === 'remove-wins-set';
}

/** Whether a write can be a withdrawal from an account. */
export function takesWithdrawals(name: ResolverName): boolean {
  return name === 'sum' || name === 'pn-counter';
}

/** Whether what a write carries is its number; otherwise it is what the application, or the type, made of the row. */
export function carriesNumbers(name: ResolverName): boolean {
  return name !== 'union' && name !== 'sum' && name !== 'merge' && !isCrdt(name);
}
