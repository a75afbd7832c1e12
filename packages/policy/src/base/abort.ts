/** Waits that can be given up. However many wait under one signal, it has one listener for all. */

import type { Clock } from "./clock.ts";
import { hearAbort } from "./parent-signal.ts";

/**
 * Resolves after `ms` milliseconds.
 *
 * @throws the signal's reason, at once, when `signal` is aborted before or during the wait.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const wake = (): void => {
      link?.leave();
      resolve();
    };
    const giveUp = (reason: unknown): void => {
      cancel();
      reject(reason);
    };
    // Before the timer: what is no signal throws here, and a timer would outlive the wait.
    const link = signal && hearAbort(signal, { forsake: giveUp });
    const cancel = clock.after(ms, wake);
  });
}

/**
 * What `work` comes to, unless `signal` is aborted first; then the wait ends, not the work.
 *
 * @throws what `work` throws, or the signal's reason.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {}); // Nobody waits for it any more.
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const link = hearAbort(signal, { forsake: reject });
    work.then(resolve, reject).finally(() => link.leave());
  });
}
