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

/** The same where failures are gone around: everybody may have to send to everybody. In a ring in its order, in a star in that of its hubs. */
export function targetsAround(exchange: Exchange, leaders: number): number[][] {
  const direct = targetsOf(exchange, leaders);
  if (exchange.type === 'ring' || exchange.type === 'all-to-all') return direct;
  const first = exchange.type === 'star' ? exchange.hub : 0;
  const inOrder = direct.map((_, step) => (first + step) % leaders);
  return direct.map((_, self) => inOrder.filter((leader) => leader !== self));
}

/** How failures are gone around. */
export interface Detours {
  /** Whom each sends to while nobody is given up, a bit each. */
  readonly direct: readonly number[];
  /** In a star, who is the hub, who is when that one is given up, and so on; otherwise empty. */
  readonly hubs: readonly number[];
}

export function detoursOf(exchange: Exchange, leaders: number): Detours {
  const bits = (others: readonly number[]) => others.reduce((sum, other) => sum | (1 << other), 0);
  const direct = targetsOf(exchange, leaders).map((others) =>
    bits(exchange.type === 'ring' ? others.slice(0, 1) : others),
  );
  const { type } = exchange;
  const hubs = type === 'star' ? direct.map((_, step) => (exchange.hub + step) % leaders) : [];
  return { direct, hubs };
}

/**
 * Whom a leader sends to, a bit each, when it has given these up. In a star there is a next hub: those that are given up are
 * asked still, and of the rest the first is the hub. Elsewhere it sends to those whom one that is given up sent to.
 */
export function wantedBy(self: number, givenUp: number, { direct, hubs }: Detours): number {
  let wanted = 0;
  for (const hub of hubs) {
    if (hub === self) return ((1 << direct.length) - 1) & ~(1 << self);
    wanted |= 1 << hub;
    if ((givenUp & (1 << hub)) === 0) return wanted;
  }
  wanted = direct[self]!;
  for (let done = 0; ; ) {
    const next = wanted & givenUp & ~done;
    if (next === 0) return wanted & ~(1 << self);
    const leader = 31 - Math.clz32(next & -next);
    done |= 1 << leader;
    wanted |= direct[leader]!;
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
