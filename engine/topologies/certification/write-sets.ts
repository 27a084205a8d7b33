/**
 * What a write set says beside row and value: who wrote it, and through which record of the order its author had applied
 * when the write began. It never changes once it is made, so records hold the write's number where a real one carries the set,
 * and the group has the sets. Numbers are unique in a run; memory grows with them.
 */
export class WriteSets {
  private seen = new Int32Array(1024);
  private authors = new Int8Array(1024);

  add(number: number, author: number, seenLsn: number): void {
    if (number >= this.seen.length) this.widen(number);
    this.seen[number] = seenLsn;
    this.authors[number] = author;
  }

  /** Through which record the author had applied. */
  seenLsn(number: number): number {
    return this.seen[number]!;
  }

  author(number: number): number {
    return this.authors[number]!;
  }

  private widen(number: number): void {
    const length = Math.max(this.seen.length * 2, number + 1);
    const seen = new Int32Array(length);
    seen.set(this.seen);
    this.seen = seen;
    const authors = new Int8Array(length);
    authors.set(this.authors);
    this.authors = authors;
  }
}
