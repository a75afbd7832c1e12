/** A policy that is nothing but a guard. */

import type { Call, CallContext, Judge } from "./call.ts";
import { Frame } from "./frame.ts";
import type { Guard } from "./guard.ts";
import type { Layer, Policy, Role } from "./policy.ts";

export class GuardedPolicy implements Policy {
  readonly layer: Extract<Layer, { kind: "guard" }>;
  readonly role?: Role;
  readonly #judge: Judge;
  #frame: Frame | undefined = undefined;

  /** @param role Of the policy that it is a view of, where it is one. */
  constructor(guard: Guard, judge: Judge, role?: Role) {
    this.layer = { kind: "guard", guard };
    this.#judge = judge;
    if (role) this.role = role;
  }

  /** @throws {@link RejectedError} when the guard refuses, otherwise whatever `call` throws. */
  execute<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    return this.#framed().execute(call, signal);
  }

  within<T>(call: Call<T>, context: CallContext): Promise<T> {
    return this.#framed().within(call, context);
  }

  /** Made with the first call: in a pipeline it stands in the frame of others. */
  #framed(): Frame {
    this.#frame ??= new Frame({ judge: this.#judge, guards: [this.layer.guard] });
    return this.#frame;
  }
}
