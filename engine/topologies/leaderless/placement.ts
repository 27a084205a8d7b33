/** Where copies of a key are kept, and which of them an operation waits for. */

export interface Placement {
  /** Keys fall into so many rows, key k into row k modulo it. */
  readonly rows: number;
  /** Per row, a bit for each node that is to hold its keys. */
  readonly homes: Int32Array;
}

/** Every node begins one row, and the nodes after it in the order of the file hold copies. */
export function placeInTurn(nodes: number, copies: number): Placement {
  const homes = new Int32Array(nodes);
  for (let row = 0; row < nodes; row++) {
    for (let step = 0; step < copies; step++) homes[row]! |= 1 << ((row + step) % nodes);
  }
  return { rows: nodes, homes };
}

/** The nodes that are to hold a key, a bit each. */
export function homesOf({ rows, homes }: Placement, key: number): number {
  return homes[key % rows]!;
}

/** How many bits are set. */
export function countOf(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** So many answers from among these nodes, a bit each. */
export interface Need {
  readonly among: number;
  readonly count: number;
}

/** Whether answers from these nodes, a bit each, are what an operation waits for: all of its needs are met. */
export function meets(needs: readonly Need[], answered: number): boolean {
  for (let index = 0; index < needs.length; index++) {
    const { among, count } = needs[index]!;
    if (countOf(answered & among) < count) return false;
  }
  return true;
}
