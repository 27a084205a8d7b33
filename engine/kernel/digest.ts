/**
 * A rolling hash over everything dispatched: two runs are the same run if and only if (up to 2^−64) their digests are.
 * Two 32-bit lanes of multiply-xor-rotate, integers only, so that every JavaScript engine gives the same.
 */
export class Digest {
  private low = 0x243f6a88;
  private high = 0x13198a2e;

  /** Absorbs four int32 words. */
  absorb(p: number, q: number, r: number, s: number): void {
    let low = Math.imul(this.low ^ p, 0x9e3779b1);
    let high = Math.imul(this.high ^ q, 0x85ebca6b);
    low = Math.imul(((low << 13) | (low >>> 19)) ^ r, 0xc2b2ae35);
    high = Math.imul(((high << 17) | (high >>> 15)) ^ s, 0x27d4eb2f);
    // Each lane takes the other in, rotated: a word absorbed by one shows in both.
    this.low = low ^ ((high << 7) | (high >>> 25));
    this.high = (high + low) | 0;
  }

  /** 16 hexadecimal digits: each state has its own. */
  toString(): string {
    return hex(finish(this.high)) + hex(finish(this.low));
  }
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
