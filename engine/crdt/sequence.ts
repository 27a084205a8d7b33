/**
 * A sequence for text that several people edit at once. Each element hangs in a tree from what stood beside it when it was
 * typed, to the left or to the right, and the text is the tree read from left to right. Whatever two people type at one
 * place at the same time stays in one piece each, forwards or backwards.
 *
 * ```ts
 * const text = join(empty, insertText(empty, 'alice', 0, 'Hi'));
 * textOf(join(text, remove(text, 1))); // 'H'
 * ```
 *
 * It is FugueMax, which is proven to interleave as little as any such algorithm can. Elements that were removed leave their
 * place in the tree, without their value.
 *
 * Source: Weidner and Kleppmann, "The Art of the Fugue: Minimizing Interleaving in Collaborative Text Editing", IEEE
 * Transactions on Parallel and Distributed Systems 36(11), 2025 (arXiv 2305.00583), sections 4 and 5.
 */

import type { Id } from '../topologies/leaderless/version-vectors.ts';
import { compareDots, type Dot } from './causal-context.ts';
import { mergeTables, type Table } from './sorted.ts';

interface Place {
  /** null is the root, before the first element. */
  readonly parent: Dot | null;
  readonly side: 'left' | 'right';
  /** Of a right child, what stood after it when it was typed; null is the end. */
  readonly rightOrigin: Dot | null;
}

interface Element<Value> extends Place {
  /** A list of one; of none once the element was removed. */
  readonly content: readonly [Value] | readonly [];
}

/** Each element that ever was, in the order of the dots. */
export type Sequence<Value> = Table<Dot, Element<Value>>;

export const empty: Sequence<never> = [];

/** The elements of both; what one has removed is removed. */
export function join<Value>(one: Sequence<Value>, other: Sequence<Value>): Sequence<Value> {
  return mergeTables(one, other, compareDots, (mine, theirs) =>
    mine === undefined || theirs?.content.length === 0 ? theirs : mine,
  );
}

/** From left to right. An element whose parent has not arrived yet is left out until it does. */
export function read<Value>(sequence: Sequence<Value>): Value[] {
  return new Tree(sequence).inOrder().flatMap(({ content }) => content);
}

/** Of single characters and strings, as one. */
export function textOf(sequence: Sequence<string>): string {
  return read(sequence).join('');
}

/** The delta that inserts at a replica, so that the first value will have this index. Throws RangeError outside. */
export function insert<Value>(
  sequence: Sequence<Value>,
  replica: Id,
  index: number,
  values: readonly Value[],
): Sequence<Value> {
  let changed = sequence;
  let delta: Sequence<Value> = empty;
  for (const [offset, value] of values.entries()) {
    const inserted = insertOne(changed, replica, index + offset, value);
    changed = join(changed, inserted);
    delta = join(delta, inserted);
  }
  return delta;
}

/** The delta that inserts a text, character by character (Unicode code points). */
export function insertText(
  sequence: Sequence<string>,
  replica: Id,
  index: number,
  text: string,
): Sequence<string> {
  return insert(sequence, replica, index, [...text]);
}

/** The delta that removes `count` values from an index on. Throws RangeError outside. */
export function remove<Value>(sequence: Sequence<Value>, index: number, count = 1): Sequence<Value> {
  const visible = new Tree(sequence).inOrder().filter(isVisible);
  if (!(Number.isInteger(index) && index >= 0 && count >= 0 && index + count <= visible.length))
    throw new RangeError(`removed ${count} from ${index} on of a sequence of ${visible.length}`);
  return visible
    .slice(index, index + count)
    .map(({ dot, place }) => [dot, { ...place, content: [] as const }] as const)
    .sort(([one], [other]) => compareDots(one, other));
}

function insertOne<Value>(
  sequence: Sequence<Value>,
  replica: Id,
  index: number,
  value: Value,
): Sequence<Value> {
  const tree = new Tree(sequence);
  const nodes = tree.inOrder();
  const visible = nodes.filter(isVisible);
  if (!(Number.isInteger(index) && index >= 0 && index <= visible.length))
    throw new RangeError(`inserted at ${index} of a sequence of ${visible.length}`);
  const leftOrigin = index === 0 ? null : visible[index - 1]!;
  // What follows among all, those that were removed too.
  const next = nodes[leftOrigin === null ? 0 : nodes.indexOf(leftOrigin) + 1] ?? null;
  const place: Place = tree.hasRightChildren(leftOrigin)
    ? { parent: next!.dot, side: 'left', rightOrigin: null }
    : { parent: leftOrigin?.dot ?? null, side: 'right', rightOrigin: next?.dot ?? null };
  return [[nextDot(sequence, replica), { ...place, content: [value] }]];
}

function nextDot(sequence: Sequence<unknown>, replica: Id): Dot {
  const last = sequence.findLast(([[id]]) => id === replica);
  return [replica, (last?.[0][1] ?? 0) + 1];
}

interface TreeNode<Value> {
  readonly dot: Dot;
  readonly place: Place;
  readonly content: Element<Value>['content'];
  readonly parent: TreeNode<Value> | null;
  /** Steps from the root, whose children are at 1. */
  readonly depth: number;
  readonly left: TreeNode<Value>[];
  readonly right: TreeNode<Value>[];
}

function isVisible({ content }: TreeNode<unknown>): boolean {
  return content.length > 0;
}

/** A sequence unfolded: its elements that hang from the root, and how they stand to each other. */
class Tree<Value> {
  private readonly atRoot: TreeNode<Value>[] = [];
  private readonly nodes = new Map<string, TreeNode<Value>>();

  constructor(sequence: Sequence<Value>) {
    const waiting = new Map<string, Sequence<Value>[number][]>();
    for (const entry of sequence) {
      const parent = nameOf(entry[1].parent);
      const siblings = waiting.get(parent);
      if (siblings === undefined) waiting.set(parent, [entry]);
      else siblings.push(entry);
    }
    const hang = (parent: TreeNode<Value> | null) => {
      for (const [dot, { content, ...place }] of waiting.get(nameOf(parent?.dot ?? null)) ?? []) {
        const depth = (parent?.depth ?? 0) + 1;
        const node = { dot, place, content, parent, depth, left: [], right: [] };
        (parent?.[place.side] ?? this.atRoot).push(node);
        this.nodes.set(nameOf(dot), node);
        hung.push(node);
      }
    };
    const hung: TreeNode<Value>[] = [];
    hang(null);
    for (let next = 0; next < hung.length; next++) hang(hung[next]!);
    // Siblings came in the order of the dots, which is the one of left children.
    sortRight(this.atRoot, this);
    for (const { right } of hung) sortRight(right, this);
  }

  hasRightChildren(node: TreeNode<Value> | null): boolean {
    return (node === null ? this.atRoot : node.right).length > 0;
  }

  /** All elements, removed or not. Not recursive: a text typed from left to right is as deep as it is long. */
  inOrder(): TreeNode<Value>[] {
    const ordered: TreeNode<Value>[] = [];
    const pending = this.atRoot.toReversed().map((node) => ({ node, opened: false }));
    for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
      const { node, opened } = top;
      if (opened) {
        ordered.push(node);
        for (const child of node.right.toReversed()) pending.push({ node: child, opened: false });
      } else {
        pending.push({ node, opened: true });
        for (const child of node.left.toReversed()) pending.push({ node: child, opened: false });
      }
    }
    return ordered;
  }

  /** Right children of one parent: those whose right origin comes later go first, so that what is nested stays together. */
  compareRight(one: TreeNode<Value>, other: TreeNode<Value>): number {
    const origin = this.nodes.get(nameOf(one.place.rightOrigin));
    const otherOrigin = this.nodes.get(nameOf(other.place.rightOrigin));
    if (origin === otherOrigin) return compareDots(one.dot, other.dot);
    if (origin === undefined || otherOrigin === undefined) return origin === undefined ? -1 : 1;
    return this.compare(otherOrigin, origin);
  }

  /** Which of two different elements comes first, by where the ways up from them part. */
  private compare(one: TreeNode<Value>, other: TreeNode<Value>): number {
    let [a, b] = [one, other];
    while (a.depth > b.depth && a.parent !== b) a = a.parent!;
    while (b.depth > a.depth && b.parent !== a) b = b.parent!;
    if (a.parent === b) return a.place.side === 'left' ? -1 : 1;
    if (b.parent === a) return b.place.side === 'left' ? 1 : -1;
    while (a.parent !== b.parent) {
      a = a.parent!;
      b = b.parent!;
    }
    if (a.place.side !== b.place.side) return a.place.side === 'left' ? -1 : 1;
    return a.place.side === 'left' ? compareDots(a.dot, b.dot) : this.compareRight(a, b);
  }
}

function sortRight<Value>(siblings: TreeNode<Value>[], tree: Tree<Value>): void {
  if (siblings.length > 1) siblings.sort((one, other) => tree.compareRight(one, other));
}

function nameOf(dot: Dot | null): string {
  return dot === null ? '' : `${dot[1]} ${typeof dot[0]} ${dot[0]}`;
}
