/**
 * A log-linear histogram of integer microseconds, in the scheme of HdrHistogram (Gil Tene): every power of two is
 * cut into 256 equal buckets, so a bucket is narrower than 1/256 (0.39%) of the values in it, and values
 * below 512 µs are kept exactly.
 *
 * ```ts
 * const latency = new Histogram();
 * latency.record(1_250);
 * latency.quantile(0.99); // µs
 * ```
 *
 * Everything inside is an integer, so the histogram of the whole equals the merged histograms of its parts byte for
 * byte, in whatever order and on however many machines the parts were recorded.
 */

const SUB_BITS = 8;
const SUB_BUCKETS = 1 << SUB_BITS;
const TWO_TO_31 = 0x8000_0000;
const TWO_TO_52 = 0x10_0000_0000_0000;

/** The state is one Float64Array of integers: these five numbers, then one count for each bucket. */
const COUNT = 0;
const SUM_LOW = 1;
const SUM_HIGH = 2;
const MIN = 3;
const MAX = 4;
const BUCKETS = 5;

/** The JSON form: `buckets` alternates the distance from the bucket before (the first: from 0) and a count. */
export interface HistogramJson {
  readonly count: number;
  /** The exact sum is sumUs[0] × 2^52 + sumUs[1]. */
  readonly sumUs: readonly [high: number, low: number];
  readonly minUs: number;
  readonly maxUs: number;
  readonly buckets: readonly number[];
}

export class Histogram {
  /** As long as the largest recorded value needs, and no longer: equal contents are equal bytes. */
  private state: Float64Array = emptyState();

  /**
   * Counts one value, an integer 0 ≤ us < 2^53; RangeError below 0. Allocates only when a value opens a higher
   * power of two.
   */
  record(us: number): void {
    if (!(us >= 0)) throw new RangeError(`recorded ${us} µs, expected an integer from 0`);
    let state = this.state;
    let index: number;
    let low = us;
    if (us < TWO_TO_31) {
      const shift = 23 - Math.clz32(us | SUB_BUCKETS);
      index = BUCKETS + (shift << SUB_BITS) + (us >>> shift);
    } else {
      index = BUCKETS + bucketOfLarge(us);
      if (us >= TWO_TO_52) {
        state[SUM_HIGH]! += 1;
        low = us - TWO_TO_52;
      }
    }
    if (index >= state.length) state = this.grow(index);
    state[index]! += 1;
    state[COUNT]! += 1;
    // Two limbs keep the sum exact: both addends are below 2^52, so no bit is lost before the carry.
    const sum = state[SUM_LOW]! + low;
    if (sum >= TWO_TO_52) {
      state[SUM_LOW] = sum - TWO_TO_52;
      state[SUM_HIGH]! += 1;
    } else {
      state[SUM_LOW] = sum;
    }
    if (us < state[MIN]!) state[MIN] = us;
    if (us > state[MAX]!) state[MAX] = us;
  }

  /** Adds everything the other histogram counted; the other is unchanged. */
  merge(other: Histogram): void {
    const from = other.state;
    if (from.length > this.state.length) this.grow(from.length - 1);
    const state = this.state;
    const counted = from[COUNT]!;
    if (counted === 0) return;
    const sum = state[SUM_LOW]! + from[SUM_LOW]!;
    const carry = sum >= TWO_TO_52 ? 1 : 0;
    state[SUM_LOW] = sum - carry * TWO_TO_52;
    state[SUM_HIGH]! += from[SUM_HIGH]! + carry;
    state[COUNT]! += counted;
    state[MIN] = Math.min(state[MIN]!, from[MIN]!);
    state[MAX] = Math.max(state[MAX]!, from[MAX]!);
    for (let index = BUCKETS; index < from.length; index++) state[index]! += from[index]!;
  }

  get count(): number {
    return this.state[COUNT]!;
  }

  /** The smallest recorded value, exact, µs; undefined when nothing was recorded. */
  get min(): number | undefined {
    return this.count === 0 ? undefined : this.state[MIN]!;
  }

  /** The largest recorded value, exact, µs; undefined when nothing was recorded. */
  get max(): number | undefined {
    return this.count === 0 ? undefined : this.state[MAX]!;
  }

  /** The exact sum of all recorded values, µs. */
  get sum(): bigint {
    return BigInt(this.state[SUM_HIGH]!) * BigInt(TWO_TO_52) + BigInt(this.state[SUM_LOW]!);
  }

  /** The exact sum divided by the count, µs; undefined when nothing was recorded. */
  get mean(): number | undefined {
    const count = this.count;
    if (count === 0) return undefined;
    if (this.state[SUM_HIGH] === 0) return this.state[SUM_LOW]! / count;
    const sum = this.sum;
    const whole = sum / BigInt(count);
    return Number(whole) + Number(sum - whole * BigInt(count)) / count;
  }

  /**
   * The value, µs, of nearest rank ⌈p × count⌉, 0 ≤ p ≤ 1; undefined when nothing was recorded, RangeError outside.
   *
   * The answer is the highest value of that rank's bucket, never beyond the largest recorded one: at least the
   * share p of all values is surely no greater, so a latency target that the answer meets is met. It overstates by
   * less than 0.4% and never understates. The first and the last rank are exact.
   */
  quantile(p: number): number | undefined {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile of ${p}, expected a share from 0 to 1`);
    const state = this.state;
    const count = state[COUNT]!;
    if (count === 0) return undefined;
    const rank = nearestRank(p, count);
    if (rank <= 1) return state[MIN]!;
    if (rank >= count) return state[MAX]!;
    let seen = 0;
    let index = BUCKETS - 1;
    while (seen < rank) seen += state[++index]!;
    const bucket = index - BUCKETS;
    return Math.min(lowestOf(bucket + 1) - 1, state[MAX]!);
  }

  /** Calls `visit` for each bucket that counted something, values ascending; both bounds are inclusive, µs. */
  forEachBucket(visit: (lowestUs: number, highestUs: number, count: number) => void): void {
    const state = this.state;
    for (let index = BUCKETS; index < state.length; index++) {
      const bucket = index - BUCKETS;
      if (state[index]! > 0) visit(lowestOf(bucket), lowestOf(bucket + 1) - 1, state[index]!);
    }
  }

  copy(): Histogram {
    const copy = new Histogram();
    copy.state = this.state.slice();
    return copy;
  }

  /** Whether both counted the same: equal state, number for number. */
  equals(other: Histogram): boolean {
    return (
      this.state.length === other.state.length &&
      this.state.every((value, index) => value === other.state[index])
    );
  }

  toJSON(): HistogramJson {
    const state = this.state;
    const buckets: number[] = [];
    let last = 0;
    for (let index = BUCKETS; index < state.length; index++) {
      if (state[index] === 0) continue;
      buckets.push(index - BUCKETS - last, state[index]!);
      last = index - BUCKETS;
    }
    return {
      count: state[COUNT]!,
      sumUs: [state[SUM_HIGH]!, state[SUM_LOW]!],
      minUs: this.min ?? 0,
      maxUs: this.max ?? 0,
      buckets,
    };
  }

  /** The histogram that `toJSON` wrote. Throws RangeError when the numbers cannot have come from one. */
  static fromJSON(json: HistogramJson): Histogram {
    const histogram = new Histogram();
    if (!isCount(json.count)) throw broken(`count ${json.count}`);
    if (json.count === 0 && json.buckets.length === 0) return histogram;
    for (const us of [json.minUs, json.maxUs]) if (!isCount(us)) throw broken(`bound ${us}`);
    const state = histogram.grow(BUCKETS + bucketOf(json.maxUs));
    let bucket = 0;
    let counted = 0;
    for (let index = 0; index < json.buckets.length; index += 2) {
      const distance = json.buckets[index]!;
      const count = json.buckets[index + 1]!;
      bucket += distance;
      const ascends = index === 0 ? distance >= 0 : distance > 0;
      if (!(isCount(distance) && ascends && bucket + BUCKETS < state.length))
        throw broken(`bucket ${bucket}`);
      if (!(isCount(count) && count > 0)) throw broken(`bucket count ${count}`);
      state[BUCKETS + bucket] = count;
      counted += count;
    }
    if (counted !== json.count) throw broken(`count ${json.count}, but the buckets hold ${counted}`);
    if (bucket !== bucketOf(json.maxUs)) throw broken(`maxUs ${json.maxUs} outside the last bucket`);
    if (json.buckets[0] !== bucketOf(json.minUs))
      throw broken(`minUs ${json.minUs} outside the first bucket`);
    const [high, low] = json.sumUs;
    if (!(isCount(high) && isCount(low) && low < TWO_TO_52)) throw broken(`sumUs ${json.sumUs}`);
    state[COUNT] = counted;
    state[SUM_HIGH] = high;
    state[SUM_LOW] = low;
    state[MIN] = json.minUs;
    state[MAX] = json.maxUs;
    return histogram;
  }

  /** Widens the state to whole powers of two so that `index` exists; returns the new state. */
  private grow(index: number): Float64Array {
    const buckets = index - BUCKETS + 1;
    const length = BUCKETS + Math.ceil(buckets / SUB_BUCKETS) * SUB_BUCKETS;
    if (length <= this.state.length) return this.state;
    const wider = new Float64Array(length);
    wider.set(this.state);
    this.state = wider;
    return wider;
  }
}

function emptyState(): Float64Array {
  const state = new Float64Array(BUCKETS);
  state[MIN] = Number.POSITIVE_INFINITY;
  state[MAX] = -1;
  return state;
}

/**
 * ⌈p × count⌉ for the decimal p that was written: 0.07 × 100 is 7.000000000000001 in binary, and rank 8 would be
 * wrong. The product's rounding error is below 2^-51 of itself.
 */
function nearestRank(p: number, count: number): number {
  const product = p * count;
  return Math.ceil(product - product / 0x4_0000_0000_0000);
}

/** The bucket of a value, an integer from 0. */
export function bucketOf(us: number): number {
  if (us >= TWO_TO_31) return bucketOfLarge(us);
  const shift = 23 - Math.clz32(us | SUB_BUCKETS);
  return (shift << SUB_BITS) + (us >>> shift);
}

/**
 * Values of 2^31 and more do not fit the int32 operations: drop 23 bits first, exactly, then the rest as before.
 */
function bucketOfLarge(us: number): number {
  const upper = Math.floor(us / 0x80_0000);
  const shift = 23 - Math.clz32(upper | SUB_BUCKETS);
  return ((shift + 23) << SUB_BITS) + (upper >>> shift);
}

/** The smallest value of a bucket. */
export function lowestOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  let lowest = (bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS;
  for (let shift = (bucket >> SUB_BITS) - 1; shift > 0; shift--) lowest *= 2;
  return lowest;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function broken(found: string): RangeError {
  return new RangeError(`not a histogram: ${found}`);
}
