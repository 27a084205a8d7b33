/** In an entry: the next one in its chain, then the words that identify a configuration. */
const NEXT = 0;
const WORDS = 1;
const NONE = -1;

/** Half a gigabyte: a search that has to remember more does not end in anybody's time. */
const rememberedMost = 2 ** 27;

/**
 * The configurations a search has been in, as words, and for each of them which optional operations it had used: pairs of
 * (class, count). One that has used no fewer of any than another with the same words can do nothing that the other cannot.
 */
export class Visited {
  private readonly width: number;
  private arena = new Int32Array(64);
  private length = 0;
  private heads = new Int32Array(16).fill(NONE);
  private entries = 0;
  private readonly most: number;
  /** Whether there was no room for another: what comes is not noted any more, and a search has to end without an answer. */
  isFull = false;

  /** `width` words identify a configuration; `most` integers are remembered in all. */
  constructor(width: number, most: number = rememberedMost) {
    this.width = width;
    this.most = most;
  }

  /** Whether one was here that dominates this, and if not, notes it. `used` counts by class; those of 0 cost nothing. */
  dominates(words: Int32Array, used: Int32Array): boolean {
    const { width } = this;
    let hash = 0x811c_9dc5;
    for (let word = 0; word < width; word++) {
      hash = Math.imul(hash ^ words[word]!, 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    const { arena, heads } = this;
    const bucket = (hash >>> 0) & (heads.length - 1);
    next: for (let entry = heads[bucket]!; entry !== NONE; entry = arena[entry + NEXT]!) {
      const at = entry + WORDS;
      for (let word = 0; word < width; word++) if (arena[at + word] !== words[word]) continue next;
      const end = at + width + 1 + arena[at + width]! * 2;
      for (let pair = at + width + 1; pair < end; pair += 2)
        if (used[arena[pair]!]! < arena[pair + 1]!) continue next;
      return true;
    }
    this.add(bucket, words, used);
    return false;
  }

  private add(bucket: number, words: Int32Array, used: Int32Array): void {
    const { width } = this;
    const most = WORDS + width + 1 + used.length * 2;
    if (this.length + most > this.arena.length) {
      this.isFull = this.length + most > this.most;
      if (this.isFull) return;
      const wider = new Int32Array(Math.max(this.arena.length * 2, this.length + most));
      wider.set(this.arena);
      this.arena = wider;
    }
    const { arena } = this;
    const entry = this.length;
    arena[entry + NEXT] = this.heads[bucket]!;
    this.heads[bucket] = entry;
    const at = entry + WORDS;
    for (let word = 0; word < width; word++) arena[at + word] = words[word]!;
    let end = at + width + 1;
    for (let each = 0; each < used.length; each++) {
      if (used[each] === 0) continue;
      arena[end++] = each;
      arena[end++] = used[each]!;
    }
    arena[at + width] = (end - at - width - 1) / 2;
    this.length = end;
    if (++this.entries > this.heads.length) this.rehash();
  }

  private rehash(): void {
    const { arena, width } = this;
    const heads = new Int32Array(this.heads.length * 4).fill(NONE);
    for (let entry = 0; entry < this.length; ) {
      const at = entry + WORDS;
      let hash = 0x811c_9dc5;
      for (let word = 0; word < width; word++) {
        hash = Math.imul(hash ^ arena[at + word]!, 0x9e37_79b1);
        hash ^= hash >>> 15;
      }
      const bucket = (hash >>> 0) & (heads.length - 1);
      arena[entry + NEXT] = heads[bucket]!;
      heads[bucket] = entry;
      entry = at + width + 1 + arena[at + width]! * 2;
    }
    this.heads = heads;
  }
}
