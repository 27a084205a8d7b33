import { describeOperation } from '../histories/describe.ts';
import { type History, NO_VALUE, OUTCOME_FAIL, OUTCOME_INFO, operationAt } from '../histories/history.ts';
import { register } from '../histories/models.ts';
import { partsOf } from '../histories/parts.ts';
import { RegisterZones } from '../histories/register-zones.ts';
import type { ZoneViolation } from '../histories/zones.ts';
import { READ } from '../kernel/protocol.ts';
import type { Ended } from '../observe/operations.ts';
import type { Verdict, Witness } from '../run/report.ts';
import { OK, outcomes } from '../workload/clients.ts';

const READ_KIND = 0;
const WRITE_KIND = 1;
const kinds = [register.register!.read, register.register!.write];
/** The value of a key that was never written; a write's number is its value, and comes after this one. */
const NOTHING = 0;

/**
 * Records what clients asked for and what they were answered, and judges it: a register a key, whose written values are the
 * numbers of the writes, so that no two are alike and zones decide. What has not ended may have happened.
 */
export class Linearizability {
  private readonly groups: readonly string[];
  private readonly keys: number;
  /** Each slot of a group is a client, with one operation at a time; by group and slot, their numbers. */
  private readonly clients: string[] = [];
  private readonly clientOf: number[][];
  /** By group and slot: the operation there. */
  private readonly open: Int32Array[];
  private size = 0;
  private number = new Int32Array(128);
  private client = new Int32Array(128);
  private key = new Int32Array(128);
  private kind = new Int32Array(128);
  private input = new Int32Array(128);
  private output = new Int32Array(128);
  private outcome = new Uint8Array(128);
  private callUs = new Float64Array(128);
  private returnUs = new Float64Array(128);
  /** What the history was judged to be, while it stays as it is. */
  private judged: Verdict | null = null;

  /** `groups`: their names. */
  constructor(groups: readonly string[], keys: number) {
    this.groups = groups;
    this.keys = keys;
    this.open = groups.map(() => new Int32Array(8));
    this.clientOf = groups.map(() => []);
  }

  began(atUs: number, group: number, slot: number, number: number, kind: number, key: number): void {
    this.judged = null;
    const index = this.size++;
    if (index === this.number.length) this.widen();
    const isRead = kind === READ;
    this.number[index] = number;
    this.client[index] = this.clientOf[group]![slot] ??= this.newClient(group, slot);
    this.key[index] = key;
    this.kind[index] = isRead ? READ_KIND : WRITE_KIND;
    this.input[index] = isRead ? NO_VALUE : number + 1;
    this.output[index] = isRead ? NOTHING : NO_VALUE;
    this.outcome[index] = OUTCOME_INFO;
    this.callUs[index] = atUs;
    this.returnUs[index] = Number.POSITIVE_INFINITY;
    let open = this.open[group]!;
    if (slot >= open.length) {
      open = new Int32Array(Math.max(open.length * 2, slot + 1));
      open.set(this.open[group]!);
      this.open[group] = open;
    }
    open[slot] = index;
  }

  private newClient(group: number, slot: number): number {
    const name = this.groups[group]!;
    return this.clients.push(slot === 0 ? name : `${name}#${slot + 1}`) - 1;
  }

  /** The read in this slot has found what this write wrote. */
  found(group: number, slot: number, number: number): void {
    this.output[this.open[group]![slot]!] = number + 1;
  }

  ended({ atUs, group, slot, outcome, lsn }: Ended): void {
    const index = this.open[group]![slot]!;
    if (outcomes[outcome] === 'info') return;
    this.judged = null;
    this.returnUs[index] = atUs;
    this.outcome[index] = outcome === OK ? 0 : OUTCOME_FAIL;
    if (lsn === 0 && this.kind[index] === READ_KIND) this.output[index] = NOTHING;
  }

  history(): History {
    const { size } = this;
    let newest = 0;
    for (let index = 0; index < size; index++) newest = Math.max(newest, this.number[index]!);
    return {
      size,
      client: this.client.subarray(0, size),
      key: this.key.subarray(0, size),
      kind: this.kind.subarray(0, size),
      input: this.input.subarray(0, size),
      output: this.output.subarray(0, size),
      outcome: this.outcome.subarray(0, size),
      callUs: this.callUs.subarray(0, size),
      returnUs: this.returnUs.subarray(0, size),
      clients: this.clients,
      keys: counted(this.keys),
      kinds,
      values: [null, ...counted(newest + 1)],
    };
  }

  verdict(): Verdict {
    this.judged ??= this.judge();
    return this.judged;
  }

  private judge(): Verdict {
    const history = this.history();
    const violation = firstViolation(history);
    return {
      name: 'linearizability',
      result: violation === null ? 'ok' : 'violation',
      count: violation === null ? 0 : 1,
      witness: violation && this.witnessOf(history, violation.stuck, violation.conflict),
    };
  }

  private witnessOf(history: History, stuck: number, concerned: readonly number[]): Witness {
    const sentence = (index: number): string => {
      const operation = operationAt(history, index);
      const { client, callUs, returnUs } = operation;
      const until = returnUs === null ? 'never returned' : `returned at ${returnUs / 1000} ms`;
      return `${client} called ${describeOperation(operation)} (operation ${this.number[index]!}) at ${callUs / 1000} ms; it ${until}`;
    };
    const all = concerned.includes(stuck) ? concerned : [...concerned, stuck];
    return {
      atMs: this.returnUs[stuck]! / 1000,
      story: [
        ...all.map(sentence),
        `nothing that key ${this.key[stuck]} can have gone through gives these answers in an order that agrees with these times`,
      ],
      operations: all.map((index) => this.number[index]!),
    };
  }

  private widen(): void {
    const length = this.number.length * 2;
    const longer = <Column extends Int32Array | Uint8Array | Float64Array>(
      column: Column,
      to: Column,
    ): Column => {
      to.set(column);
      return to;
    };
    this.number = longer(this.number, new Int32Array(length));
    this.client = longer(this.client, new Int32Array(length));
    this.key = longer(this.key, new Int32Array(length));
    this.kind = longer(this.kind, new Int32Array(length));
    this.input = longer(this.input, new Int32Array(length));
    this.output = longer(this.output, new Int32Array(length));
    this.outcome = longer(this.outcome, new Uint8Array(length));
    this.callUs = longer(this.callUs, new Float64Array(length));
    this.returnUs = longer(this.returnUs, new Float64Array(length));
  }
}

/** As `checkHistory` finds it, whose other searches no run needs: they would make pages 7 KB larger, compressed. */
function firstViolation(history: History): ZoneViolation | null {
  const zones = new RegisterZones(history, { read: READ_KIND, write: WRITE_KIND, initial: NOTHING });
  for (const { operations } of partsOf(history, register)) {
    const violation = zones.check(operations);
    if (violation === undefined) throw new Error('two writes have one number');
    if (violation !== null) return violation;
  }
  return null;
}

function counted(count: number): number[] {
  const numbers: number[] = [];
  for (let number = 0; number < count; number++) numbers.push(number);
  return numbers;
}
