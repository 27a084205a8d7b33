/**
 * A set of short vectors of int32, each known by the order in which it came. They lie one after the other in one typed
 * array, found through an open-addressed table, so that millions fit. Equality is exact: hashes only say where to look.
 */
export class VectorSet {
  size = 0;
  private words = new Int32Array(1 << 12);
  /** Where each vector begins; one more than there are vectors. */
  private starts = new Int32Array(1 << 8);
  private hashes = new Int32Array(1 << 8);
  /** Index + 1, 0 where free. Its length is a power of two. */
  private table = new Int32Array(1 << 9);

  /** The vector's index; a new one if it was not in the set, which then `size` has grown to tell. */
  add(vector: Int32Array, length: number): number {
    const hash = hashOf(vector, length);
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (let found = this.table[slot]!; found !== 0; found = this.table[slot]!) {
      if (this.hashes[found - 1] === hash && this.equals(found - 1, vector, length)) return found - 1;
      slot = (slot + 1) & mask;
    }
    const index = this.size++;
    const start = this.starts[index]!;
    if (start + length > this.words.length) this.words = wider(this.words);
    if (this.size + 1 > this.starts.length) {
      this.starts = wider(this.starts);
      this.hashes = wider(this.hashes);
    }
    for (let word = 0; word < length; word++) this.words[start + word] = vector[word]!;
    this.starts[this.size] = start + length;
    this.hashes[index] = hash;
    this.table[slot] = this.size;
    if (this.size * 2 > this.table.length) this.rehash();
    return index;
  }

  /** Copies a vector out and gives its length. */
  read(index: number, into: Int32Array): number {
    const start = this.starts[index]!;
    const length = this.starts[index + 1]! - start;
    for (let word = 0; word < length; word++) into[word] = this.words[start + word]!;
    return length;
  }

  private equals(index: number, vector: Int32Array, length: number): boolean {
    const start = this.starts[index]!;
    if (this.starts[index + 1]! - start !== length) return false;
    for (let word = 0; word < length; word++) if (this.words[start + word] !== vector[word]) return false;
    return true;
  }

  private rehash(): void {
    this.table = new Int32Array(this.table.length * 2);
    const mask = this.table.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = this.hashes[index]! & mask;
      while (this.table[slot] !== 0) slot = (slot + 1) & mask;
      this.table[slot] = index + 1;
    }
  }
}

export function wider(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}

/** MurmurHash3's mixing. */
function hashOf(vector: Int32Array, length: number): number {
  let hash = length;
  for (let word = 0; word < length; word++) {
    let mixed = Math.imul(vector[word]!, 0xcc9e2d51);
    mixed = (mixed << 15) | (mixed >>> 17);
    hash ^= Math.imul(mixed, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return Math.imul(hash, 0xc2b2ae35) ^ (hash >>> 16);
}
