/**
 * A Raft group without time: a test says who stands, who hears whom, who dies. For the schedules that a simulation would
 * need luck to meet. Disks write at once. Run safety is checked as in any run.
 *
 * ```ts
 * const hand = new ByHand(5);
 * hand.exchange([0, 1, 2, 3, 4]);   // whatever these say to each other arrives, until they fall silent
 * hand.write(0, 7);                 // a client's write number 7 to server 0
 * hand.hear(1, 0);                  // what server 0 has sent server 1 arrives; answers stay on the way
 * hand.crash(0);
 * hand.stand(4);
 * ```
 */

import {
  CRASHED,
  FLUSHED,
  type Input,
  type NodeKind,
  type Out,
  RESTARTED,
  START,
  TIMER,
  WRITE,
  WRITE_OK,
} from '../../kernel/protocol.ts';
import type { Surroundings } from '../cluster.ts';
import { ConsensusCluster } from './cluster.ts';
import { serverKind } from './kinds.ts';
import type { Server } from './server.ts';
import { noSnapshots, type SnapshotSettings } from './snapshot.ts';

/** What servers ask for. */
type Asked = 'nowUs' | 'elapsedUs' | 'send' | 'startTimer' | 'cancelTimer' | 'fsync' | 'note' | 'draw';

type Envelope = Readonly<Input> & { readonly to: number };

const names = ['S1', 'S2', 'S3', 'S4', 'S5'];

export class ByHand implements Pick<Out, Asked> {
  readonly nowUs = 0;
  readonly cluster: ConsensusCluster;
  /** Numbers of the writes whose clients have the acknowledgement. */
  readonly acknowledged: number[] = [];
  private readonly kind: NodeKind<Server>;
  private wire: Envelope[] = [];
  private fsyncs: { readonly a: number; readonly b: number }[] = [];
  private readonly down = new Set<number>();
  private self = 0;

  constructor(
    servers: number,
    kind: NodeKind<Server> = serverKind,
    snapshots: SnapshotSettings = noSnapshots,
  ) {
    this.kind = kind;
    this.cluster = new ConsensusCluster(
      {
        type: 'consensus',
        leader: 0,
        timeoutUsMin: 1000,
        timeoutUsMax: 2000,
        heartbeatUs: 100,
        preVote: false,
        checkQuorum: false,
        acknowledgement: 'majority',
        readRule: 'log',
        reads: 'leader',
        clockDriftPpm: 0,
        snapshots,
      },
      { replicas: servers, nodes: [], keys: 1, clients: [] },
      {
        names,
        isLive: (server) => !this.down.has(server),
        nowUs: () => 0,
        observe: undefined,
        ledBy: () => {},
        suspected: () => {},
        discarded: () => {},
        overlapped: () => {},
      } as Partial<Surroundings> as Surroundings,
      kind,
    );
    for (let server = 0; server < servers; server++) this.give(server, { kind: START });
  }

  server(index: number): Server {
    return this.cluster.servers[index]!;
  }

  write(to: number, number: number): void {
    this.give(to, { kind: WRITE, from: names.length, b: number, bytes: 10 });
  }

  stand(server: number): void {
    this.give(server, { kind: TIMER, a: serverKind.raft.timerSlot('electing', 'election timeout') });
  }

  /** A leader's regular round of heartbeats. */
  beat(server: number): void {
    this.give(server, { kind: TIMER, a: serverKind.raft.timerSlot('leader.leading', 'heartbeat') });
  }

  /** What one server has sent another arrives, oldest first. */
  hear(to: number, from: number): void {
    const arriving = this.wire.filter((message) => message.from === from && message.to === to);
    this.wire = this.wire.filter((message) => !arriving.includes(message));
    for (const message of arriving) this.give(to, message);
  }

  /** Everything said among these arrives, answers too, until they fall silent. What others are sent waits. */
  exchange(among: readonly number[]): void {
    for (;;) {
      const next = this.wire.find(({ from, to }) => among.includes(from) && among.includes(to));
      if (next === undefined) return;
      this.wire.splice(this.wire.indexOf(next), 1);
      this.give(next.to, next);
    }
  }

  /** All that is on the way is lost. */
  lose(): void {
    this.wire = [];
  }

  crash(server: number): void {
    this.give(server, { kind: CRASHED });
    this.down.add(server);
    this.wire = this.wire.filter(({ from, to }) => from !== server && to !== server);
  }

  restart(server: number): void {
    this.down.delete(server);
    this.give(server, { kind: RESTARTED });
  }

  safety() {
    return this.cluster.verdicts(false).find(({ name }) => name === 'consensus-safety')!;
  }

  private get out(): Out {
    return this as Pick<Out, Asked> as Out;
  }

  private give(to: number, what: Partial<Input>): void {
    if (this.down.has(to)) return;
    this.self = to;
    const input = { kind: START, from: to, a: 0, b: 0, c: 0, d: 0, e: 0, bytes: 0, ...what };
    this.kind.onInput(this.server(to), input, this.out);
    for (let done = this.fsyncs.shift(); done !== undefined; done = this.fsyncs.shift())
      this.kind.onInput(this.server(to), { ...input, kind: FLUSHED, from: to, ...done }, this.out);
  }

  // What servers ask for.

  send(to: number, kind: number, a: number, b: number, c: number, d: number, e: number, bytes: number): void {
    if (kind === WRITE_OK) this.acknowledged.push(b);
    else this.wire.push({ kind, from: this.self, to, a, b, c, d, e, bytes });
  }

  fsync(a: number, b: number): void {
    this.fsyncs.push({ a, b });
  }

  note(kind: number, a: number, b: number, c: number, d: number): void {
    this.cluster.onNote(0, this.self, kind, a, b, c, d);
  }

  elapsedUs(): number {
    return 0;
  }

  startTimer(): void {}
  cancelTimer(): void {}
  draw(): number {
    return 0;
  }
}
