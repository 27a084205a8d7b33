/**
 * The picture's moving parts as signals, bound to attributes and text of the SVG: a frame writes numbers, and nothing
 * renders again. `Picture.tsx` draws it.
 */
import { type Signal, signal } from '@preact/signals';
import type { ClusterView } from '#engine';
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
  readonly logs: readonly {
    readonly name: string;
    readonly width: Signal<number>;
    readonly lsn: Signal<string>;
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

/** The four shapes a message may have, so that its kind never hangs on colour alone. */
export const shapes = {
  record: 'a record on its way to a follower',
  confirm: 'a follower’s confirmation',
  request: 'a client’s request',
  reply: 'its answer',
  control: 'heartbeats, elections and the like',
} as const;

const shapeOfKind: Readonly<Record<string, keyof typeof shapes>> = {
  append: 'record',
  entry: 'record',
  'entry-taken': 'confirm',
  confirm: 'confirm',
  write: 'request',
  read: 'request',
  'write-ok': 'reply',
  'read-ok': 'reply',
  refused: 'reply',
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
  /** With many lines only those that do not stream say what they do. */
  private readonly isCrowded: boolean;

  constructor(view: ClusterView) {
    this.geometry = geometryOf(view);
    this.isCrowded = view.nodes.length > 4;
    this.nodes = view.nodes.map(({ id, region }) => ({
      id,
      region,
      process: signal('up'),
      role: signal('follower'),
      className: signal('node'),
      status: signal(''),
      logs: ['written', 'flushed', 'replayed'].map((name) => ({ name, width: signal(0), lsn: signal('0') })),
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
      this.clients[index]!.text.value = `writes to ${leader} · ${formatNumber(openOperations)} open`;
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
      picture.status.value =
        node.process === 'up'
          ? `${stateWords(node.state)} · term ${node.term}`
          : `${node.process} · term ${node.term}`;
      for (const [each, lsn] of [node.writtenLsn, node.flushedLsn, node.appliedLsn].entries()) {
        const log = picture.logs[each]!;
        log.width.value = Math.round(barWidth * Math.max(0, 1 - (newest - lsn) / recordsShown));
        log.lsn.value = formatNumber(lsn);
      }
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
  const nodes = view.nodes.map(({ id, role, process, writtenLsn, appliedLsn }) =>
    process === 'up'
      ? `${id} is ${role}, wrote ${writtenLsn}, replayed ${appliedLsn}`
      : `${id} is ${process}`,
  );
  const cut = new Set(view.links.filter((each) => each.cut).map(({ from, to }) => pairId(from, to)));
  const cuts =
    cut.size === 0 ? 'no link is cut' : `${cut.size} ${cut.size === 1 ? 'link is' : 'links are'} cut`;
  return `At ${(view.nowMs / 1000).toFixed(3)} s ${nodes.join('; ')}; ${cuts}; ${view.messages.length} messages on their way.`;
}
