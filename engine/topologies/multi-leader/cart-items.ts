/**
 * Which items ought to be in carts, whatever rule merges them: those that somebody has put in and nobody taken out who knew of
 * it. An onlooker sees every write as it is made, and how much of everybody else's its leader has applied by then.
 */

/** An item's being put in: by which leader, and the number of its write among that leader's. */
interface PutIn {
  readonly leader: number;
  readonly sequence: number;
}

export class CartItems {
  /** How many changes of each leader a leader has applied. */
  private readonly appliedAt: (leader: number) => Int32Array;
  /** By cell and item, what nobody who knew of it has undone. */
  private readonly standing = new Map<string, readonly PutIn[]>();

  constructor(appliedAt: (leader: number) => Int32Array) {
    this.appliedAt = appliedAt;
  }

  putIn(cell: number, item: number, leader: number, sequence: number): void {
    // It stands for those that its leader knew of.
    const unknown = this.unknownTo(leader, cell, item);
    this.standing.set(`${cell} ${item}`, [...unknown, { leader, sequence }]);
  }

  takenOut(cell: number, item: number, leader: number): void {
    this.standing.set(`${cell} ${item}`, this.unknownTo(leader, cell, item));
  }

  private unknownTo(leader: number, cell: number, item: number): readonly PutIn[] {
    const applied = this.appliedAt(leader);
    const standing = this.standing.get(`${cell} ${item}`) ?? [];
    return standing.filter((put) => put.sequence > applied[put.leader]!);
  }

  /** How many of the items of a cart, a bit each, ought not to be in it. */
  back(cell: number, cart: number): number {
    let count = 0;
    for (let rest = cart; rest !== 0; rest &= rest - 1) {
      const item = 31 - Math.clz32(rest & -rest);
      if ((this.standing.get(`${cell} ${item}`) ?? []).length === 0) count++;
    }
    return count;
  }
}
