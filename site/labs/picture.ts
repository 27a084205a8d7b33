/**
 * The picture's moving parts as signals, bound to attributes and text of the SVG: a frame writes numbers, and nothing
 * renders again. `Picture.tsx` draws it.
 */
import { type Signal, signal } from '@preact/signals';
import type { ClusterView, CopiesView } from '#engine';
import { formatNumber } from '../lib/figures.ts';
import { type Geometry, geometryOf, type Line, pairId, pointOn } from './geometry.ts';

/** The length of a log bar, and how many records behind the newest it can show. */
export const barWidth = 126;
const recordsShown = 20;
/** Messages drawn at once; when more are on their way the counts beside the lines still tell. */
const dotsMost = 96;

export interface NodePicture {
  readonly id: string;
  readonly region: string;
  readonly process: Signal<string>;
  readonly role: Signal<string>;
  readonly className: Signal<string>;
  readonly status: Signal<string>;
  /** How far its log has come, or how many of its copies are the newest. */
  readonly bars: readonly {
    readonly name: string;
    readonly width: Signal<number>;
    readonly text: Signal<string>;
  }[];
}

export interface LinkPicture {
  readonly line: Line;
  readonly className: Signal<string>;
  readonly cut: Signal<boolean>;
  readonly label: Signal<string>;
}

export interface Dot {
  readonly transform: Signal<string>;
  readonly shape: Signal<string>;
}

/** The five shapes a message may have, so that its kind never hangs on colour alone. */
type Shape = 'record' | 'confirm' | 'request' | 'reply' | 'control';

const shapesWithLogs: Readonly<Record<Shape, string>> = {
  record: 'a record on its way to a follower',
  confirm: 'a follower’s confirmation',
  request: 'a client’s request',
  reply: 'its answer',
  control: 'heartbeats, elections and the like',
};

const shapesWithCopies: Readonly<Record<Shape, string>> = {
  record: 'a version on its way to a replica',
  confirm: 'a replica has it',
  request: 'a request, of a client or a coordinator',
  reply: 'its answer',
  control: 'signs of life and the like',
};

const shapeOfKind: Readonly<Record<string, Shape>> = {
  append: 'record',
  entry: 'record',
  'entry-taken': 'confirm',
  confirm: 'confirm',
  write: 'request',
  read: 'request',
  'write-ok': 'reply',
  'read-ok': 'reply',
  refused: 'reply',
  mutate: 'record',
  repair: 'record',
  received: 'confirm',
  mutated: 'confirm',
  repaired: 'confirm',
  fetch: 'request',
  fetched: 'reply',
};

const away = 'translate(-99 -99)';
const idleShape = '#dot-control';

export class Picture {
  readonly geometry: Geometry;
  readonly nodes: readonly NodePicture[];
  readonly links: readonly LinkPicture[];
  readonly clients: readonly { readonly id: string; readonly text: Signal<string> }[];
  readonly helpers: readonly { readonly id: string; readonly text: Signal<string> }[];
  readonly dots: readonly Dot[];
  /** How many dots have ever been needed at once: the picture holds no more. */
  readonly dotCount = signal(0);
  /** The whole picture in a sentence, for those who cannot see it. */
  readonly sentence = signal('');
  private readonly linkOf = new Map<string, LinkPicture>();
  /** No replica leads: each holds copies, and none has a log in an order that all share. */
  readonly holdsCopies: boolean;
  /** What the shapes of messages mean. */
  readonly shapes: Readonly<Record<Shape, string>>;
  /** With many lines only those that do not stream say what they do. */
  private readonly isCrowded: boolean;

  constructor(view: ClusterView) {
    this.geometry = geometryOf(view);
    this.isCrowded = view.nodes.length > 4;
    this.holdsCopies = view.nodes.every(({ copies }) => copies !== undefined);
    this.shapes = this.holdsCopies ? shapesWithCopies : shapesWithLogs;
    const bars = this.holdsCopies ? ['newest', 'on disk'] : ['written', 'flushed', 'replayed'];
    this.nodes = view.nodes.map(({ id, region }) => ({
      id,
      region,
      process: signal('up'),
      role: signal('follower'),
      className: signal('node'),
      status: signal(''),
      bars: bars.map((name) => ({ name, width: signal(0), text: signal('0') })),
    }));
    this.links = this.geometry.lines.map((line) => {
      const link = { line, className: signal('link'), cut: signal(false), label: signal('') };
      this.linkOf.set(line.id, link);
      return link;
    });
    this.clients = view.clients.map(({ id }) => ({ id, text: signal('') }));
    this.helpers = view.helpers.map(({ id }) => ({ id, text: signal('') }));
    this.dots = Array.from({ length: dotsMost }, () => ({
      transform: signal(away),
      shape: signal(idleShape),
    }));
    this.update(view);
  }

  update(view: ClusterView): void {
    this.updateNodes(view);
    this.updateLinks(view);
    this.updateDots(view);
    for (const [index, { leader, openOperations }] of view.clients.entries())
      this.clients[index]!.text.value =
        `${this.holdsCopies ? '' : `writes to ${leader} · `}${formatNumber(openOperations)} open`;
    for (const [index, helper] of view.helpers.entries())
      this.helpers[index]!.text.value = helperText(helper, view.helpers.length > 2);
    this.sentence.value = sentenceOf(view);
  }

  /** Changes exactly when something the reader can act on has changed: a process, a role, a cut. */
  stateKey(view: ClusterView): string {
    const nodes = view.nodes.map(({ process, role }) => `${process} ${role}`);
    return `${nodes.join()} ${view.links.map(({ cut }) => (cut ? 1 : 0)).join('')}`;
  }

  private updateNodes(view: ClusterView): void {
    const newest = Math.max(...view.nodes.map(({ writtenLsn }) => writtenLsn));
    for (const [index, node] of view.nodes.entries()) {
      const picture = this.nodes[index]!;
      picture.process.value = node.process;
      picture.role.value = node.process === 'down' ? `was ${node.role}` : node.role;
      picture.className.value = `node ${node.role} ${node.process}`;
      const state = node.process === 'up' ? stateWords(node.state) : node.process;
      picture.status.value = this.holdsCopies ? state : `${state} · term ${node.term}`;
      if (node.copies === undefined) updateLogs(picture, node, newest);
      else updateCopies(picture, node.copies);
    }
  }

  private updateLinks(view: ClusterView): void {
    const cuts = new Map<string, number>();
    for (const { from, to, cut } of view.links) {
      const id = pairId(from, to);
      cuts.set(id, (cuts.get(id) ?? 0) + (cut ? 1 : 0));
    }
    const states = new Map(view.streams.map(({ from, to, state }) => [pairId(from, to), state]));
    const flying = new Map<string, number>();
    for (const { from, to } of view.messages) {
      const id = pairId(from, to);
      flying.set(id, (flying.get(id) ?? 0) + 1);
    }
    for (const [id, link] of this.linkOf) {
      const cut = cuts.get(id) ?? 0;
      const state = states.get(id);
      link.cut.value = cut > 0;
      link.className.value = `link ${link.line.replication ? 'replication' : 'traffic'} ${state ?? ''} ${cut > 0 ? 'cut' : ''}`;
      const words =
        cut === 2
          ? 'cut'
          : cut === 1
            ? 'cut one way'
            : this.isCrowded && state === 'streaming'
              ? ''
              : (state ?? '');
      const count = flying.get(id) ?? 0;
      link.label.value = count === 0 ? words : `${words}${words === '' ? '' : ' · '}${count}`;
    }
  }

  private updateDots(view: ClusterView): void {
    let used = 0;
    for (const { from, to, kind, sentMs, arrivesMs } of view.messages) {
      const link = this.linkOf.get(pairId(from, to));
      if (link === undefined || used === this.dots.length) continue;
      const span = arrivesMs - sentMs;
      const share = span <= 0 ? 1 : Math.min(1, Math.max(0, (view.nowMs - sentMs) / span));
      const { x, y } = pointOn(link.line, from, share);
      const dot = this.dots[used++]!;
      dot.transform.value = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
      dot.shape.value = `#dot-${shapeOfKind[kind] ?? 'control'}`;
    }
    if (used > this.dotCount.peek()) this.dotCount.value = used;
    // A dot that is put away keeps nothing of what it was: the same moment is the same picture.
    for (; used < this.dots.length; used++) {
      this.dots[used]!.transform.value = away;
      this.dots[used]!.shape.value = idleShape;
    }
  }
}

function updateLogs(
  { bars }: NodePicture,
  { writtenLsn, flushedLsn, appliedLsn }: ClusterView['nodes'][number],
  newest: number,
): void {
  for (const [index, lsn] of [writtenLsn, flushedLsn, appliedLsn].entries()) {
    const bar = bars[index]!;
    bar.width.value = Math.round(barWidth * Math.max(0, 1 - (newest - lsn) / recordsShown));
    bar.text.value = formatNumber(lsn);
  }
}

function updateCopies({ bars }: NodePicture, { keys, newest, newestOnDisk }: CopiesView): void {
  for (const [index, count] of [newest, newestOnDisk].entries()) {
    const bar = bars[index]!;
    bar.width.value = keys === 0 ? barWidth : Math.round((barWidth * count) / keys);
    bar.text.value = `${formatNumber(count)} of ${formatNumber(keys)}`;
  }
}

/** `following.receiving` as it would be said: the innermost part, its words apart. */
function stateWords(state: string): string {
  return state.slice(state.lastIndexOf('.') + 1);
}

/** A helper that knows no leader (a storage, a power switch) says its state alone; three abreast have no room for more words. */
function helperText({ state, leader }: ClusterView['helpers'][number], isNarrow: boolean): string {
  if (leader === null) return stateWords(state);
  return `${stateWords(state)} · ${leader}${isNarrow ? '' : ' leads'}`;
}

function sentenceOf(view: ClusterView): string {
  const nodes = view.nodes.map(({ id, role, process, writtenLsn, appliedLsn, copies }) => {
    if (process !== 'up') return `${id} is ${process}`;
    return copies === undefined
      ? `${id} is ${role}, wrote ${writtenLsn}, replayed ${appliedLsn}`
      : `${id} has the newest version of ${copies.newest} of ${copies.keys} keys`;
  });
  const cut = new Set(view.links.filter((each) => each.cut).map(({ from, to }) => pairId(from, to)));
  const cuts =
    cut.size === 0 ? 'no link is cut' : `${cut.size} ${cut.size === 1 ? 'link is' : 'links are'} cut`;
  return `At ${(view.nowMs / 1000).toFixed(3)} s ${nodes.join('; ')}; ${cuts}; ${view.messages.length} messages on their way.`;
}
