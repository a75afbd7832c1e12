/** Reservations that are out. A permit is a place in it, so that admitting a call allocates nothing. */

const FIRST_SIZE = 16;

export class Ledger {
  #costs = new Float64Array(FIRST_SIZE);
  #times = new Float64Array(FIRST_SIZE);
  /** Places given back, the last first. */
  #free = new Int32Array(FIRST_SIZE);
  #freeCount = 0;
  #used = 0;

  /** How many are out. */
  get size(): number {
    return this.#used - this.#freeCount;
  }

  open(cost: number, atMs: number): number {
    let permit = this.#used;
    if (this.#freeCount > 0) {
      this.#freeCount -= 1;
      permit = this.#free[this.#freeCount] ?? 0;
    } else {
      if (permit === this.#costs.length) this.#grow();
      this.#used += 1;
    }
    this.#costs[permit] = cost;
    this.#times[permit] = atMs;
    return permit;
  }

  costOf(permit: number): number {
    return this.#costs[permit] ?? 0;
  }

  timeOf(permit: number): number {
    return this.#times[permit] ?? 0;
  }

  close(permit: number): void {
    this.#free[this.#freeCount] = permit;
    this.#freeCount += 1;
  }

  #grow(): void {
    this.#costs = doubled(this.#costs);
    this.#times = doubled(this.#times);
    this.#free = new Int32Array(this.#free.length * 2); // None is free when more are needed.
  }
}

function doubled(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const more = new Float64Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
