/** HTTP in memory: addresses and who answers there. */

import { type Cancel, type Random, toError } from "@kintsugi/policy/base";

import type { Fetch } from "../../host/index.ts";
import type { Life } from "./life.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Answers a request. What it throws is a connection that broke. */
export type Answer = (request: Request) => Promise<Response> | Response;

interface Route {
  readonly prefix: string;
  readonly answer: Answer;
  /** The program that answers; none for a server outside of the world, which never dies. */
  readonly life: Life | undefined;
}

/** The longest way of a request or an answer; the shortest takes 1 ms. */
const LONGEST_WAY_MS = 5;

export class SimulatedWeb {
  #routes: readonly Route[] = [];
  readonly #clock: VirtualClock;
  readonly #random: Random;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The longest prefix wins; of equal ones, the newest. */
  route(prefix: string, answer: Answer, life?: Life): Cancel {
    const route: Route = { prefix, answer, life };
    this.#routes = [route, ...this.#routes].sort((a, b) => b.prefix.length - a.prefix.length);
    const remove = (): void => {
      this.#routes = this.#routes.filter((other) => other !== route);
    };
    life?.onEnd(remove);
    return remove;
  }

  fetchOf(life: Life): Fetch {
    return (input, init) =>
      new Promise((resolve, reject) => {
        const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
        const request = new Request(input, { ...init, signal: null });
        if (signal?.aborted) throw signal.reason;
        const giveUp = (): void => reject(signal?.reason);
        signal?.addEventListener("abort", giveUp, { once: true });
        const back = (settle: () => void): void => {
          this.#travel(() => {
            signal?.removeEventListener("abort", giveUp);
            life.deliver(settle);
          });
        };
        this.#travel(() => {
          if (signal?.aborted || life.ended) return;
          this.#answer(request).then(
            (response) => back(() => resolve(response)),
            (error: unknown) => back(() => reject(error)),
          );
        });
      });
  }

  #answer(request: Request): Promise<Response> {
    const route = this.#routes.find(({ prefix }) => request.url.startsWith(prefix));
    if (!route) return Promise.reject(broken("ECONNREFUSED", `Nobody answers at ${request.url}`));
    return new Promise((resolve, reject) => {
      const cut = route.life?.onEnd(() => reject(broken("ECONNRESET", "The server has died")));
      const serve = async (): Promise<void> => {
        try {
          resolve(await route.answer(request));
        } catch (error) {
          reject(broken("ECONNRESET", toError(error).message));
        }
        cut?.();
      };
      if (route.life) route.life.deliver(() => void serve());
      else void serve();
    });
  }

  #travel(fn: () => void): void {
    this.#clock.after(1 + Math.floor(this.#random.next() * LONGEST_WAY_MS), fn);
  }
}

/** As the platform's own `fetch` fails. */
function broken(code: string, message: string): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });
}
