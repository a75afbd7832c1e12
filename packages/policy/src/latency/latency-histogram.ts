/** How long calls took of late, in buckets that grow: a percentile needs no sort and no list of calls. */

/** Eight buckets for each doubling: what is read lies at most a ninth above what was meant. */
const PER_DOUBLING = 8;

/** The end of the first bucket, in milliseconds. */
const LEAST_MS = 1 / 8;

/** From 1/8 ms to 35 minutes; the last bucket takes all that is longer. */
const BUCKETS = 24 * PER_DOUBLING + 1;

/** Percentiles move slowly: after so many calls one is read anew. */
const READ_EVERY = 16;

/**
 * The last calls in two halves: the elder is thrown away when the younger is full, so what is read is
 * made of between half and all of `size` calls.
 */
export class LatencyHistogram {
  readonly #half: number;
  readonly #share: number;
  #young: Uint32Array | undefined;
  #old: Uint32Array | undefined;
  #youngCount = 0;
  #oldCount = 0;
  #sinceRead = 0;
  #readMs = 0;

  /**
   * @param size Calls that are remembered.
   * @param share The percentile that is wanted, as a share: 0.95 is the 95th.
   */
  constructor(size: number, share: number) {
    this.#half = Math.ceil(size / 2);
    this.#share = share;
  }

  /** Calls that are remembered now. */
  get count(): number {
    return this.#youngCount + this.#oldCount;
  }

  add(ms: number): void {
    if (this.#youngCount >= this.#half) this.#turn();
    this.#young ??= new Uint32Array(BUCKETS);
    const bucket = bucketOf(ms);
    this.#young[bucket] = (this.#young[bucket] ?? 0) + 1;
    this.#youngCount += 1;
    this.#sinceRead += 1;
  }

  /** Milliseconds that the wanted share of the calls took at most; 0 where none is known. */
  percentileMs(): number {
    if (this.#sinceRead >= READ_EVERY || this.#readMs === 0) {
      this.#readMs = this.shareMs(this.#share);
      this.#sinceRead = 0;
    }
    return this.#readMs;
  }

  /** As `percentileMs`, for any share, and read anew each time. */
  shareMs(share: number): number {
    const { count } = this;
    if (count === 0) return 0;
    let left = Math.ceil(count * share);
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= (this.#young?.[bucket] ?? 0) + (this.#old?.[bucket] ?? 0);
      if (left <= 0) return endOf(bucket);
    }
    return endOf(BUCKETS - 1);
  }

  #turn(): void {
    const emptied = this.#old?.fill(0);
    this.#old = this.#young;
    this.#oldCount = this.#youngCount;
    this.#young = emptied;
    this.#youngCount = 0;
  }
}

function bucketOf(ms: number): number {
  if (ms <= LEAST_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms / LEAST_MS) * PER_DOUBLING));
}

const endOf = (bucket: number): number => LEAST_MS * 2 ** (bucket / PER_DOUBLING);
