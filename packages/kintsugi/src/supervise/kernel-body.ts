/** A component that is a module in our own event loop: it cannot be killed, only asked. */

import { sleep, toError } from "@kintsugi/policy/base";

import type { ExitReason, Host } from "../host/index.ts";
import { healthy } from "./health-state.ts";
import type { Body, Life } from "./life.ts";
import type { Health, Kernel, KernelContext, KernelSpec } from "./types.ts";

export class KernelBody implements Body {
  readonly beats = false;
  readonly adopt = undefined;
  readonly fingerprint = "kernel";
  readonly #host: Host;
  readonly #spec: KernelSpec;
  #kernel: Kernel | undefined;

  constructor(host: Host, spec: KernelSpec) {
    this.#host = host;
    this.#spec = spec;
  }

  launch(_incarnation: number, onBeat: () => void): Life {
    const stopping = new AbortController();
    const { promise: exited, resolve: exit } = Promise.withResolvers<ExitReason>();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const context: KernelContext = {
      name: this.#spec.name,
      signal: stopping.signal,
      heartbeat: () => {
        if (!stopping.signal.aborted) onBeat();
      },
    };
    const initialize = async (): Promise<Kernel> => {
      const kernel = await this.#spec.load();
      await kernel.initialize(context);
      return kernel;
    };
    const running = initialize();
    running.then(
      (kernel) => {
        this.#kernel = kernel;
        start();
      },
      (error: unknown) => exit({ kind: "spawn-failed", message: toError(error).message }),
    );
    void exited.then(() => {
      this.#kernel = undefined;
      stopping.abort(); // What a failed start has begun is told to end as well.
    });
    const end = (graceMs: number): void => {
      stopping.abort();
      void this.#stop(running, graceMs).then(exit);
    };
    return { identity: undefined, started, exited, end };
  }

  stderrTail(): string {
    return "";
  }

  /** The kernel's own word; a check that throws is a word as well. */
  async health(): Promise<Health> {
    try {
      return (await this.#kernel?.health?.()) ?? healthy;
    } catch (error) {
      return { kind: "critical", reason: `Its health check failed: ${toError(error).message}` };
    }
  }

  /** Nothing can be done about a kernel that does not stop: after its time it is left behind. */
  async #stop(running: Promise<Kernel>, graceMs: number): Promise<ExitReason> {
    const stop = async (): Promise<ExitReason> => {
      const kernel = await running;
      await kernel.stop?.();
      return { kind: "exited", code: 0 };
    };
    const tooLate = new AbortController();
    const limit = sleep(this.#host.clock, graceMs, tooLate.signal).then(
      (): ExitReason => ({ kind: "unknown" }),
    );
    limit.catch(() => {}); // It stopped in time: nobody waits for the limit any more.
    try {
      return await Promise.race([stop(), limit]);
    } catch {
      return { kind: "exited", code: 1 }; // It threw on its way out, and is out.
    } finally {
      tooLate.abort();
    }
  }
}
