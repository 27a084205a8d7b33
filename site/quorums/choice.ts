/** N, R, W and how many replicas die, as arithmetic and as a run of content/scenarios/quorum-sliders.yaml with these numbers. */
import type { FaultSource, Scenario, ScenarioSource } from '#engine';

export interface Choice {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  /** How many of the n die a second into the run. */
  readonly down: number;
}

export const replicasMost = 7;
/** What the page opens with. */
export const first: Choice = { n: 3, r: 2, w: 2, down: 1 };

/** The nearest choice there is: no more answers than replicas, no more dead than there are. */
export function possible({ n, r, w, down }: Choice): Choice {
  const between = (least: number, value: number, most: number) => Math.min(most, Math.max(least, value));
  const count = between(1, n, replicasMost);
  return { n: count, r: between(1, r, count), w: between(1, w, count), down: between(0, down, count) };
}

/** Whom a write and a read wait for in the worst case: as few as can be in both. Indices of replicas; the last ones are dead. */
export function worstCase({ n, r, w, down }: Choice): { readonly write: number[]; readonly read: number[] } {
  const live = n - down;
  const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);
  return { write: w > live ? [] : from(0, w), read: r > live ? [] : from(live - r, r) };
}

const crashAtMs = 1000;

export function runOf(base: Scenario, choice: Choice): Scenario {
  if (base.topology.type !== 'leaderless') throw new Error('the sliders run a leaderless scenario');
  const { n, r, w } = choice;
  const { read, write } = base.topology;
  return {
    ...base,
    nodes: base.nodes.slice(0, n),
    topology: { ...base.topology, copies: n, read: { ...read, wanted: r }, write: { ...write, wanted: w } },
    faults: crashes(base.nodes, choice),
    expect: [],
  };
}

/** The same as it is written, to be taken away. */
export function sourceOf(base: ScenarioSource, choice: Choice): ScenarioSource {
  const { n, r, w } = choice;
  const { expect: _, ...rest } = base;
  return {
    ...rest,
    cluster: { ...base.cluster, nodes: base.cluster.nodes.slice(0, n) },
    topology: { ...base.topology, replicas: n, read: r, write: w } as ScenarioSource['topology'],
    faults: crashes(base.cluster.nodes, choice),
  };
}

function crashes(nodes: readonly { readonly id: string }[], { n, down }: Choice) {
  return nodes
    .slice(n - down, n)
    .map(({ id }) => ({ type: 'crash', node: id, atMs: crashAtMs })) satisfies FaultSource[];
}
