/**
 * Symmetric states: actors that are alike may change places, and what an exploration learns of one such state holds of
 * all that are it with other names. The least vector under all renamings stands for them.
 *
 * Further reading: Ip and Dill, "Better verification through symmetry" (1996).
 */

import type { Behaviour, Part } from './behaviour.ts';
import type { Model, Renaming, Symmetry } from './model.ts';

/** As many as 5 actors have. */
const renamingsMost = 120;

/** Where things stand in a vector; see `StateSpace`. */
export interface Layout {
  readonly behaviour: Behaviour;
  readonly observation: number;
  readonly flight: number;
  /** A message's link, and whether the link keeps the order. */
  readonly linkOf: (envelope: number) => number;
  readonly isOrdered: (link: number) => boolean;
}

/** One renaming with what it makes of local states, messages and observations, as far as known, by their numbers. */
interface Known {
  readonly to: Renaming;
  /** Who is called so now. */
  readonly whose: readonly number[];
  /** The two it is made of; null for a swap, which alone asks the model. */
  readonly parts: { readonly first: Known; readonly then: Known } | null;
  readonly locals: number[];
  readonly envelopes: number[];
  readonly observations: number[];
}

export class Renamings {
  /** All but the one that leaves everything as it is. */
  readonly all: readonly Known[];
  /** Two neighbours of a group change places: whatever holds for these holds for all. */
  readonly swaps: readonly Known[];
  private readonly layout: Layout;
  private readonly actors: number;
  private least: Int32Array;
  private other: Int32Array;

  /** Throws RangeError for actors that are not alike, and for groups with too many renamings. */
  constructor(model: Model, symmetry: Symmetry, layout: Layout, words: number) {
    checkAlike(model, symmetry);
    this.layout = layout;
    this.actors = model.actors.length;
    this.least = new Int32Array(words);
    this.other = new Int32Array(words);
    const unmoved = model.actors.map((_, actor) => actor);
    this.swaps = symmetry.groups.flatMap((group) =>
      group.slice(1).map((actor, before) => {
        const to = unmoved.map((each) =>
          each === actor ? group[before]! : each === group[before] ? actor : each,
        );
        return nothingKnown(to, null);
      }),
    );
    const all = [...this.swaps];
    const found = new Set([unmoved, ...all.map(({ to }) => to)].map(String));
    for (const first of all)
      for (const then of this.swaps) {
        const to = first.to.map((actor) => then.to[actor]!);
        if (found.has(String(to))) continue;
        found.add(String(to));
        all.push(nothingKnown(to, { first, then }));
      }
    this.all = all;
  }

  /** The vector that stands for a state and all that are like it; of the same length, and good until the next call. */
  leastOf(vector: Int32Array, length: number): Int32Array {
    for (let word = 0; word < length; word++) this.least[word] = vector[word]!;
    for (const renaming of this.all) {
      if (!this.isLess(vector, length, renaming)) continue;
      const { least } = this;
      this.least = this.other;
      this.other = least;
    }
    return this.least;
  }

  /** Puts the renamed state into `into`. */
  rename(vector: Int32Array, length: number, renaming: Known, into: Int32Array): void {
    const { observation, flight } = this.layout;
    for (let actor = 0; actor < this.actors; actor++)
      into[actor] = this.renamed('locals', vector[renaming.whose[actor]!]!, renaming);
    into[observation] = this.renamed('observations', vector[observation]!, renaming);
    for (let word = observation + 1; word < flight; word++) into[word] = vector[word]!;
    this.renameFlight(vector, length, renaming, into);
  }

  /** Whether the renamed state, which is then in `other`, is before `least`; most are told by their first words. */
  private isLess(vector: Int32Array, length: number, renaming: Known): boolean {
    const { least, other } = this;
    for (let actor = 0; actor < this.actors; actor++) {
      const local = this.renamed('locals', vector[renaming.whose[actor]!]!, renaming);
      if (local === least[actor]) continue;
      if (local > least[actor]!) return false;
      this.rename(vector, length, renaming, other);
      return true;
    }
    this.rename(vector, length, renaming, other);
    for (let word = this.layout.observation; word < length; word++)
      if (other[word] !== least[word]) return other[word]! < least[word]!;
    return false;
  }

  private renameFlight(vector: Int32Array, length: number, renaming: Known, into: Int32Array): void {
    const { flight, linkOf, isOrdered } = this.layout;
    for (let from = flight; from < length; from++) {
      const id = this.renamed('envelopes', vector[from]!, renaming);
      const link = linkOf(id);
      let at = from;
      for (; at > flight; at--) {
        const before = into[at - 1]!;
        const itsLink = linkOf(before);
        if (itsLink < link || (itsLink === link && (isOrdered(link) || before <= id))) break;
        into[at] = before;
      }
      into[at] = id;
    }
  }

  /** Asks the model about swaps only. */
  private renamed(what: Part, id: number, renaming: Known): number {
    const known = renaming[what][id];
    if (known !== undefined) return known;
    const { parts, to } = renaming;
    const now =
      parts === null
        ? this.layout.behaviour.renamed(what, id, to)
        : this.renamed(what, this.renamed(what, id, parts.first), parts.then);
    renaming[what][id] = now;
    return now;
  }
}

function nothingKnown(to: Renaming, parts: Known['parts']): Known {
  const whose = to.map((_, actor) => to.indexOf(actor));
  return { to, whose, parts, locals: [], envelopes: [], observations: [] };
}

function checkAlike({ actors }: Model, { groups }: Symmetry): void {
  const members = groups.flat();
  if (new Set(members).size < members.length || members.some((actor) => actors[actor] === undefined))
    throw new RangeError(
      `groups of interchangeable actors name one twice, or one there is none of: ${JSON.stringify(groups)}`,
    );
  let renamings = 1;
  for (const group of groups) {
    for (let size = 2; size <= group.length; size++) renamings *= size;
    const likeness = group.map((actor) => {
      const { kind, timers = [], canCrash = false } = actors[actor]!;
      return { actor, kind, rest: JSON.stringify([timers.map(({ fires }) => fires), canCrash]) };
    });
    const odd = likeness.find(({ kind, rest }) => kind !== likeness[0]!.kind || rest !== likeness[0]!.rest);
    if (odd !== undefined)
      throw new RangeError(
        `${actors[odd.actor]!.name} and ${actors[group[0]!]!.name} are not interchangeable: their kinds, timers or crashes differ`,
      );
  }
  if (renamings > renamingsMost)
    throw new RangeError(
      `${groups.map(({ length }) => length).join(' and ')} interchangeable actors have ${renamings} renamings: no more than ${renamingsMost} (5 actors) are tried`,
    );
}

// What models rename by.

/** An actor's new number; what is below 0 names none. */
export function renamedActor(actor: number, to: Renaming): number {
  return actor < 0 ? actor : to[actor]!;
}

/** A bit an actor. */
export function renamedBits(bits: number, to: Renaming): number {
  let renamed = 0;
  for (const [actor, now] of to.entries()) if ((bits & (1 << actor)) !== 0) renamed |= 1 << now;
  return renamed;
}

/** A list with an item for each of the first actors, in place. */
export function renameItems(
  items: { readonly length: number; [actor: number]: unknown },
  to: Renaming,
): void {
  const before = Array.from(items as ArrayLike<unknown>);
  for (const [actor, item] of before.entries()) items[to[actor]!] = item;
}
