/** A policy around a method. */

import type { IDefaultPolicyContext, IPolicy } from "./contract.ts";

/**
 * A decorator, as compilers have it by `experimentalDecorators`: the method runs under the policy, and is
 * handed the context behind its other arguments. A signal as the last argument is the policy's.
 */
export function usePolicy(
  policy: IPolicy<IDefaultPolicyContext, never>,
): (target: unknown, key: string, descriptor: PropertyDescriptor) => void {
  return (_target, key, descriptor) => {
    const method: unknown = descriptor.value;
    if (typeof method !== "function") {
      throw new TypeError(`usePolicy decorates methods, got ${typeof method} as "${key}"`);
    }
    descriptor.value = function decorated(this: unknown, ...args: unknown[]): Promise<unknown> {
      const last = args.at(-1);
      const signal = last instanceof AbortSignal ? last : undefined;
      const own = signal ? args.slice(0, -1) : args;
      return policy.execute((context) => method.call(this, ...own, context), signal);
    };
  };
}
