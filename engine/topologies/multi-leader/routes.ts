/** Who sends changes to whom. */

export type Exchange =
  | { readonly type: 'all-to-all' | 'ring' }
  | { readonly type: 'star'; readonly hub: number }
  | { readonly type: 'edges'; readonly edges: readonly (readonly [number, number])[] };

/**
 * Per leader those it may send to, counted from 0. In a ring these are all the others, in its order: it sends to the first,
 * and to those after it while the ones before are given up.
 */
export function targetsOf(exchange: Exchange, leaders: number): number[][] {
  const all = Array.from({ length: leaders }, (_, leader) => leader);
  const others = (leader: number) => all.filter((other) => other !== leader);
  switch (exchange.type) {
    case 'all-to-all':
      return all.map(others);
    case 'ring':
      return all.map((leader) => others(leader).map((_, step) => (leader + 1 + step) % leaders));
    case 'star':
      return all.map((leader) => (leader === exchange.hub ? others(leader) : [exchange.hub]));
    case 'edges':
      return all.map((leader) => [
        ...new Set(exchange.edges.filter(([from]) => from === leader).map(([, to]) => to)),
      ]);
  }
}

/** How many streams there are while nobody is given up, each in one direction. */
export function streamsOf(exchange: Exchange, leaders: number): number {
  if (exchange.type === 'ring') return leaders === 1 ? 0 : leaders;
  return targetsOf(exchange, leaders).reduce((sum, targets) => sum + targets.length, 0);
}

/** Whom the changes of a leader reach, itself included, a bit each. `to`: whom each sends to. */
export function reachedFrom(leader: number, to: readonly (readonly number[])[]): number {
  let reached = 1 << leader;
  for (let before = 0; before !== reached; ) {
    before = reached;
    for (const [from, targets] of to.entries())
      if ((reached & (1 << from)) !== 0) for (const target of targets) reached |= 1 << target;
  }
  return reached;
}
