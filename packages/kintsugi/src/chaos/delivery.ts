/** Brings faults to components that may not be on the line yet, and standing ones to each new life. */

import { type ErrorReporter, toError } from "@kintsugi/policy/base";
import type { Components, Fault } from "../supervise/index.ts";

interface DeliveryOptions {
  readonly components: Components;
  /** @throws when the fault cannot arrive. */
  readonly sendFault: (component: string, fault: Fault) => void;
  readonly report: ErrorReporter;
}

interface Letter {
  readonly component: string;
  readonly fault: Fault;
  /** The life that it was last brought to; 0 before the first. */
  life: number;
  /** How often it was tried for the life that is meant. */
  tries: number;
  /** Brought again to each new life. */
  readonly isStanding: boolean;
}

/** At ten tries a second: longer than any start. */
const MAX_TRIES = 300;

export class Delivery {
  readonly #options: DeliveryOptions;
  #letters: Letter[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Whether something could not be brought yet. */
  get isWaiting(): boolean {
    return this.#letters.some((letter) => this.#isDue(letter));
  }

  once(component: string, fault: Fault): void {
    this.#letters.push({ component, fault, life: 0, tries: 0, isStanding: false });
  }

  /** Takes the place of an earlier standing fault of the same component. */
  always(component: string, fault: Fault): void {
    this.#letters = this.#letters.filter(
      (letter) => !letter.isStanding || letter.component !== component,
    );
    this.#letters.push({ component, fault, life: 0, tries: 0, isStanding: true });
  }

  bring(): void {
    for (const letter of this.#letters) if (this.#isDue(letter)) this.#try(letter);
    this.#letters = this.#letters.filter(({ isStanding, life }) => isStanding || life === 0);
  }

  #lifeOf(component: string): number {
    return this.#options.components.get(component)?.incarnation ?? 0;
  }

  #isDue({ component, life, isStanding }: Letter): boolean {
    return isStanding ? this.#lifeOf(component) !== life : life === 0;
  }

  #try(letter: Letter): void {
    const { components, sendFault, report } = this.#options;
    const { component, fault } = letter;
    const isUp = components.get(component)?.phase === "running";
    letter.tries += 1;
    try {
      if (!isUp && letter.tries < MAX_TRIES) return;
      sendFault(component, fault);
      this.#isBrought(letter);
    } catch (error) {
      // It may not have dialled yet: the next round tries again.
      if (letter.tries < MAX_TRIES) return;
      this.#isBrought(letter);
      report(toError(error));
    }
  }

  #isBrought(letter: Letter): void {
    letter.life = this.#lifeOf(letter.component);
    letter.tries = 0;
  }
}
