/** What becomes of writes of which neither author had seen the other's. */

export const LAST_WRITER = 0;
export const FIRST_WRITER = 1;
export const KEEP_BOTH = 2;
export const MAX = 3;
export const UNION = 4;
export const SUM = 5;
export const ARRIVAL_ORDER = 6;
export const PGD = 7;

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
] as const;
export type ResolverName = (typeof resolverNames)[number];

/** Whether a row can be deleted under it. */
export function takesDeletes(name: ResolverName): boolean {
  return name !== 'max' && name !== 'sum';
}

/** Whether what a write carries is its number; otherwise it is what the application made of the row. */
export function carriesNumbers(name: ResolverName): boolean {
  return name !== 'union' && name !== 'sum';
}
