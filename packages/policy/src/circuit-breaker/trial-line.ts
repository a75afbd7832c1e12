/** Those who wait for a place at a circuit that has few. */

import type { Cancel, Clock } from "../base/index.ts";
import { plainClaim, type WaitingLimits, WaitingRoom } from "../waiting/index.ts";
import type { Permit } from "./circuit-state.ts";

export class TrialLine {
  readonly #clock: Clock;
  readonly #room: WaitingRoom;
  /** What those have been given who are called in, until they have heard of it. */
  readonly #given = new Map<number, Permit>();
  #tickets = 0;
  #cancel: Cancel | undefined = undefined;

  constructor(limits: WaitingLimits, clock: Clock, lateError: () => Error) {
    this.#clock = clock;
    this.#room = new WaitingRoom(limits, { clock, lateError, onLeave: () => this.#tidy() });
  }

  set limits(limits: WaitingLimits) {
    this.#room.limits = limits;
  }

  get size(): number {
    return this.#room.size;
  }

  /** Joins at once. @throws the late error, the reason of the signal, or what it is turned away with. */
  async wait(signal: AbortSignal | undefined): Promise<Permit> {
    const ticket = await this.#room.wait(signal, plainClaim);
    const permit = this.#given.get(ticket) as Permit; // Noted before it was called in.
    this.#given.delete(ticket);
    return permit;
  }

  callIn(permit: Permit): void {
    this.#tickets += 1;
    this.#given.set(this.#tickets, permit);
    this.#room.callIn(this.#tickets);
  }

  turnAll(errorOf: () => Error): void {
    while (this.#room.size > 0) this.#room.turnAway(errorOf());
    this.#tidy();
  }

  /** While somebody waits, looks again after that time: a place may have become free by itself. */
  lookAgain(afterMs: number, look: () => void): void {
    this.#cancel?.();
    const isDue = this.size > 0 && afterMs < Infinity;
    this.#cancel = isDue ? this.#clock.after(Math.ceil(afterMs), look) : undefined;
  }

  #tidy(): void {
    if (this.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
