/** What was spent within the last `perMs`, in time slots: a sum that costs the same however much it holds. */

const SLOTS = 60;

/**
 * A slot counts until all of it is old, so the sum is never too small; it may hold a sixtieth of a window
 * too much.
 */
export class SlidingWindow {
  readonly #slotMs: number;
  readonly #slots = new Float64Array(SLOTS + 1);
  #newest = 0;
  /** When the newest slot is over: until then nothing has to be worked out. */
  #endMs: number;
  #total = 0;

  constructor(perMs: number) {
    this.#slotMs = perMs / SLOTS;
    this.#endMs = this.#slotMs;
  }

  total(nowMs: number): number {
    if (nowMs >= this.#endMs) this.#turn(Math.floor(nowMs / this.#slotMs));
    return this.#total;
  }

  /** Adds what is spent at `nowMs`, of which the total has just been asked. */
  spend(cost: number): void {
    this.#put(this.#newest, cost);
  }

  /**
   * Adds what was spent at `atMs`, which is no later than the last time seen, or gives back when negative;
   * what is old already is left out.
   */
  add(cost: number, atMs: number): void {
    const slot = Math.floor(atMs / this.#slotMs);
    if (slot < this.#newest - SLOTS) return;
    this.#put(slot, cost);
  }

  /** As `spend`, for what others spent: spread so that it is given back evenly within `withinMs`. */
  addSpread(cost: number, withinMs: number): void {
    const count = Math.min(SLOTS, Math.max(1, Math.floor(withinMs / this.#slotMs)));
    for (let place = 0; place < count; place += 1) {
      // Whole numbers that come to `cost`: sums of them stay exact.
      const share = Math.floor((cost * (place + 1)) / count) - Math.floor((cost * place) / count);
      this.#put(this.#newest - SLOTS + place, share);
    }
  }

  /**
   * Milliseconds until so much of the total, of which has just been asked, has become old; Infinity where
   * there is not so much.
   */
  freesInMs(cost: number, nowMs: number): number {
    let freed = 0;
    for (let slot = this.#newest - SLOTS; slot <= this.#newest; slot += 1) {
      freed += this.#slots[this.#place(slot)] ?? 0;
      if (freed >= cost) return (slot + SLOTS + 1) * this.#slotMs - nowMs;
    }
    return Infinity;
  }

  #put(slot: number, cost: number): void {
    const place = this.#place(slot);
    this.#slots[place] = (this.#slots[place] ?? 0) + cost;
    this.#total += cost;
  }

  /** Slots before the first are negative. */
  #place(slot: number): number {
    const place = slot % (SLOTS + 1);
    return place < 0 ? place + SLOTS + 1 : place;
  }

  #turn(slot: number): void {
    if (slot <= this.#newest) return;
    const steps = Math.min(slot - this.#newest, SLOTS + 1);
    for (let step = 0; step < steps; step += 1) {
      const place = this.#place(slot - step);
      this.#total -= this.#slots[place] ?? 0;
      this.#slots[place] = 0;
    }
    this.#newest = slot;
    this.#endMs = (slot + 1) * this.#slotMs;
  }
}
