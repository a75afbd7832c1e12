/**
 * When to spare a server that turns calls away, as plain data and pure functions.
 *
 *     admitting ── fewer than one in `multiplier` calls accepted ──▶ throttling
 *         ▲                                                              │
 *         └────────── more accepted again, or the refusals are old ──────┘
 *
 * Client-side throttling of Google's "Site Reliability Engineering" (2016), chapter 21: a call is refused
 * here with the chance max(0, (requests - multiplier * accepts) / (requests + 1)). Unlike there, a call
 * counts when it has ended: one that still runs has not been turned away.
 */

export interface ThrottleRules {
  /** How many calls there may be for each that is accepted. */
  readonly multiplier: number;
  /** With fewer calls in the window none is refused. */
  readonly minRequests: number;
}

/** What the window holds. */
export interface Tally {
  /** Calls that have ended, those refused here among them. */
  readonly requests: number;
  /** Calls that the other side did not turn away. */
  readonly accepts: number;
}

/** The chance with which a call is refused, 0 to 1. */
export function refusalChance({ requests, accepts }: Tally, rules: ThrottleRules): number {
  if (requests < rules.minRequests) return 0;
  return Math.max(0, (requests - rules.multiplier * accepts) / (requests + 1));
}

const SLOTS = 24;

/** Counts over the last `windowMs`, in slots: the oldest may be left out by a twenty-fourth too early. */
export class RollingTally implements Tally {
  requests = 0;
  accepts = 0;
  readonly #slotMs: number;
  readonly #requests = new Uint32Array(SLOTS);
  readonly #accepts = new Uint32Array(SLOTS);
  #newest = 0;

  constructor(windowMs: number) {
    this.#slotMs = windowMs / SLOTS;
  }

  turnTo(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot <= this.#newest) return;
    const steps = Math.min(slot - this.#newest, SLOTS);
    for (let step = 0; step < steps; step += 1) {
      const place = (slot - step) % SLOTS;
      this.requests -= this.#requests[place] ?? 0;
      this.accepts -= this.#accepts[place] ?? 0;
      this.#requests[place] = 0;
      this.#accepts[place] = 0;
    }
    this.#newest = slot;
  }

  add(isAccepted: boolean): void {
    const place = this.#newest % SLOTS;
    this.requests += 1;
    this.#requests[place] = (this.#requests[place] ?? 0) + 1;
    if (!isAccepted) return;
    this.accepts += 1;
    this.#accepts[place] = (this.#accepts[place] ?? 0) + 1;
  }
}
