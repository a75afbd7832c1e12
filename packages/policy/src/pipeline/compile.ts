/**
 * From a row of policies to frames: what fits in the order of one frame (a retry, guards, a timeout)
 * becomes one, and what does not is nested as it stands.
 */

import {
  type Call,
  type CallContext,
  type Ending,
  Frame,
  type FrameLayers,
  type Guard,
  type Judge,
  type Layer,
  type Policy,
} from "../base/index.ts";
import { judgeByTables } from "../classify/index.ts";

/** One step of a row: a frame, or a policy that has its own way. */
export type Nest = Frame | Policy<unknown>;

/** The steps of a row, from the outermost to the innermost. */
export function nestsOf(policies: readonly Policy<unknown>[], judge?: Judge): readonly Nest[] {
  const nests: Nest[] = [];
  let open = new OpenFrame(judge);
  const close = (): void => {
    if (!open.isEmpty) nests.push(open.frame());
    open = new OpenFrame(judge);
  };
  for (const policy of policies) {
    const layer = layerOf(policy);
    if (layer && !open.takes(layer)) close();
    if (layer) open.add(layer);
    else {
      close();
      nests.push(policy);
    }
  }
  close();
  return nests;
}

/** The one frame of a row that fits in one. */
export function frameOf(
  policies: readonly Policy<unknown>[],
  ending: Ending,
  judge?: Judge,
): Frame {
  const open = new OpenFrame(judge);
  for (const policy of policies) {
    const layer = layerOf(policy);
    if (!layer || !open.takes(layer)) throw new TypeError("These policies make no single frame");
    open.add(layer);
  }
  return open.frame(ending);
}

/** Makes a call in a step. A policy of another house knows no context: it keeps the attempt of ours. */
export function enter(nest: Nest, call: Call<unknown>, context: CallContext): Promise<unknown> {
  if (nest.within) return nest.within(call, context);
  const { attempt, signal: outer } = context;
  // Unless it counts attempts itself.
  return nest.execute(
    (own) => call({ signal: own.signal, attempt: Math.max(attempt, own.attempt) }),
    outer,
  );
}

export const layerOf = (policy: Policy<unknown>): Layer | undefined =>
  policy.layer ?? (isGuard(policy) ? { kind: "guard", guard: policy } : undefined);

/** A policy that does nothing but admit may be its own guard. */
function isGuard(policy: object): policy is Guard {
  const { tryAdmit, refusal, settle } = policy as Partial<Guard>;
  return [tryAdmit, refusal, settle].every((each) => typeof each === "function");
}

/** The layers of a frame, as far as they are known. */
class OpenFrame {
  readonly #judge: Judge | undefined;
  readonly #guards: Guard[] = [];
  #layers: Pick<FrameLayers, "retry" | "limit"> = {};

  constructor(judge: Judge | undefined) {
    this.#judge = judge;
  }

  get isEmpty(): boolean {
    return this.#guards.length === 0 && !this.#layers.retry && !this.#layers.limit;
  }

  takes({ kind }: Layer): boolean {
    return kind === "retry" ? this.isEmpty : !this.#layers.limit;
  }

  add(layer: Layer): void {
    if (layer.kind === "guard") this.#guards.push(layer.guard);
    else if (layer.kind === "retry") {
      this.#layers = { ...this.#layers, retry: layer.retry };
      if (layer.guard) this.#guards.push(layer.guard);
    } else this.#layers = { ...this.#layers, limit: layer.limit };
  }

  frame(ending?: Ending): Frame {
    const guards = this.#guards.slice(); // Without the room that an array keeps to grow.
    const judge = this.#judge ?? this.#layers.retry?.judge ?? judgeByTables;
    return new Frame({ judge, guards, ...this.#layers, ending });
  }
}
