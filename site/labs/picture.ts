/**
 * The picture's moving parts as signals, bound to attributes and text of the SVG: a frame writes numbers, and nothing
 * renders again. `Picture.tsx` draws it.
 */
import { type Signal, signal } from '@preact/signals';
import type { ChangesView, ClusterView, CopiesView, StreamView } from '#engine';
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

const shapesWithChanges: Readonly<Record<Shape, string>> = {
  record: 'a change on its way to another leader',
  confirm: 'word that it is there',
  request: 'a client’s request',
  reply: 'its answer',
  control: 'greetings and the like',
};

/** What nodes keep: one log that a leader orders, copies of which some are the newest, or changes of several leaders. */
type Holding = 'log' | 'copies' | 'changes';

const shapesOf = { log: shapesWithLogs, copies: shapesWithCopies, changes: shapesWithChanges };
const barsOf: Readonly<Record<Holding, readonly string[]>> = {
  log: ['written', 'flushed', 'replayed'],
  copies: ['newest', 'on disk'],
  changes: ['received', 'applied'],
};

const shapeOfKind: Readonly<Record<string, Shape>> = {
  append: 'record',
  entry: 'record',
  propose: 'request',
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
  change: 'record',
  'change-context': 'record',
  have: 'confirm',
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
  readonly holds: Holding;
  /** What the shapes of messages mean. */
  readonly shapes: Readonly<Record<Shape, string>>;
  /** With many lines only those that do not stream say what they do. */
  private readonly isCrowded: boolean;

  constructor(view: ClusterView) {
    this.geometry = geometryOf(view);
    this.isCrowded = view.nodes.length > 4;
    this.holds = holdingOf(view);
    this.shapes = shapesOf[this.holds];
    const bars = barsOf[this.holds];
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
        `${leader === null ? '' : `writes to ${leader} · `}${formatNumber(openOperations)} open`;
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
      picture.status.value = this.holds === 'log' ? `${state} · term ${node.term}` : state;
      if (node.copies !== undefined) updateShares(picture, sharesOfCopies(node.copies));
      else if (node.changes !== undefined) updateShares(picture, sharesOfChanges(node.changes));
      else updateLogs(picture, node, newest);
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
      const words = cut === 2 ? 'cut' : cut === 1 ? 'cut one way' : this.streamWords(state);
      const count = flying.get(id) ?? 0;
      link.label.value = [words, count === 0 ? '' : `${count}`].filter((each) => each !== '').join(' · ');
      // Each client has its leader, and leaders need not all talk to each other: other lines would hide the rest.
      const isIdle = this.holds === 'changes' && state === undefined && count === 0 && cut === 0;
      link.className.value = `link ${link.line.replication ? 'replication' : 'traffic'} ${state ?? ''} ${cut > 0 ? 'cut' : ''} ${isIdle ? 'idle' : ''}`;
    }
  }

  /** What a stream does is said where there is room, and where it says something: among leaders there is always a change on its way. */
  private streamWords(state: StreamView['state'] | undefined): string {
    if (state === undefined || (state === 'streaming' && this.isCrowded)) return '';
    return this.holds === 'changes' && state !== 'disconnected' ? '' : state;
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

/** So many, of so many, a bar each. */
type Shares = readonly (readonly [count: number, of: number])[];

function sharesOfCopies({ keys, newest, newestOnDisk }: CopiesView): Shares {
  return [
    [newest, keys],
    [newestOnDisk, keys],
  ];
}

function sharesOfChanges({ all, received, applied }: ChangesView): Shares {
  return [
    [received, all],
    [applied, all],
  ];
}

function updateShares({ bars }: NodePicture, shares: Shares): void {
  for (const [index, [count, of]] of shares.entries()) {
    const bar = bars[index]!;
    bar.width.value = of === 0 ? barWidth : Math.round((barWidth * count) / of);
    bar.text.value = `${formatNumber(count)} of ${formatNumber(of)}`;
  }
}

function holdingOf({ nodes }: ClusterView): Holding {
  if (nodes.every(({ copies }) => copies !== undefined)) return 'copies';
  return nodes.every(({ changes }) => changes !== undefined) ? 'changes' : 'log';
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
  const nodes = view.nodes.map(({ id, role, process, writtenLsn, appliedLsn, copies, changes }) => {
    if (process !== 'up') return `${id} is ${process}`;
    if (changes !== undefined) return `${id} has ${changes.applied} of ${changes.all} changes`;
    return copies === undefined
      ? `${id} is ${role}, wrote ${writtenLsn}, replayed ${appliedLsn}`
      : `${id} has the newest version of ${copies.newest} of ${copies.keys} keys`;
  });
  const cut = new Set(view.links.filter((each) => each.cut).map(({ from, to }) => pairId(from, to)));
  const cuts =
    cut.size === 0 ? 'no link is cut' : `${cut.size} ${cut.size === 1 ? 'link is' : 'links are'} cut`;
  return `At ${(view.nowMs / 1000).toFixed(3)} s ${nodes.join('; ')}; ${cuts}; ${view.messages.length} messages on their way.`;
}
