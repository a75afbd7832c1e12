/**
 * Which policies must not stand around which others. A mistake is an order in which one of the two can
 * never do its work, judges by what is not the call's doing, multiplies what the other does, or waits for
 * itself. What only decides whether calls are counted or attempts is a choice, and nobody's mistake:
 * docs/policy-order.md tells of both.
 */

import { type ErrorCode, KintsugiError, type Policy, type Role } from "../base/index.ts";
import { layerOf } from "./compile.ts";

/** The policies cannot work together in this order. */
export class PipelineError extends KintsugiError {
  override readonly name = "PipelineError";
  readonly code: ErrorCode = "KINTSUGI_PIPELINE";
}

/** The row of a policy that is made of others, from the outermost; itself where it is not. */
type Unfold = (policy: Policy<unknown>) => readonly Policy<unknown>[];

/** @throws {@link PipelineError} that says which two must not stand so, why, and what to do instead. */
export function checkOrder(policies: readonly Policy<unknown>[], unfold: Unfold): void {
  checkTwice(policies, unfold);
  const retries = policies.filter(isRetry).length;
  if (retries > 1) {
    throw new PipelineError(`${retries} retries in one pipeline multiply their attempts; keep one`);
  }
  const roles = policies.flatMap(({ role }) => role ?? []);
  roles.forEach((outer, place) => {
    const inside = roles.slice(place + 1);
    inside.forEach((inner, distance) => {
      const rule = RULES.find((each) => forbids(each, outer, inner, inside.slice(0, distance)));
      if (rule) throw new PipelineError(sentence(rule, outer, inner));
    });
  });
}

interface Rule {
  readonly outer: Role["kind"];
  readonly inner: Role["kind"];
  /** @defaultValue always */
  readonly when?: (outer: Role, inner: Role, between: readonly Role[]) => boolean;
  readonly why: string;
  readonly instead: string;
}

const RULES: readonly Rule[] = [
  {
    outer: "hedge",
    inner: "hedge",
    why: "their attempts multiply",
    instead: "keep one, and raise its maxHedges",
  },
  {
    outer: "hedge",
    inner: "retry",
    why: "each of its attempts would be retried for itself, and they multiply",
    instead: "put the retry around the hedge",
  },
  {
    outer: "hedge",
    inner: "cache",
    why: "the cache gives all its attempts the one call that is in flight, so it never makes a second",
    instead: "put the cache around the hedge",
  },
  {
    outer: "circuit breaker",
    inner: "cache",
    why: "it would count cached answers as successes, and refuse what the cache can answer",
    instead: "put the cache around the circuit breaker",
  },
  {
    outer: "adaptive throttle",
    inner: "cache",
    why: "it would count cached answers as calls that were accepted",
    instead: "put the cache around the throttle",
  },
  {
    outer: "adaptive limiter",
    inner: "cache",
    why: "it would take the time of a cached answer for that of a call, and find every call slow",
    instead: "put the cache around the limiter",
  },
  {
    outer: "adaptive limiter",
    inner: "retry",
    why: "it would take the waits between attempts for slowness of the other side",
    instead: "put the retry around the limiter",
  },
  {
    outer: "adaptive limiter",
    inner: "bulkhead",
    when: (_, { waits }) => waits === true,
    why: "it would take the wait in the queue for slowness of the other side",
    instead: "put the bulkhead around the limiter, or give it no queue",
  },
  {
    outer: "adaptive limiter",
    inner: "rate limiter",
    when: (_, { waits }) => waits === true,
    why: "it would take the wait in the queue for slowness of the other side",
    instead: "put the rate limiter around the adaptive one, or let it reject what is too much",
  },
  {
    outer: "circuit breaker",
    inner: "retry",
    when: ({ measures }) => measures === true,
    why: "its slowCallMs would count the waits between attempts",
    instead: "put the retry around the circuit breaker",
  },
  {
    outer: "circuit breaker",
    inner: "bulkhead",
    when: ({ measures }, { waits }) => measures === true && waits === true,
    why: "its slowCallMs would count the wait in the queue",
    instead: "put the bulkhead around the circuit breaker",
  },
  {
    outer: "circuit breaker",
    inner: "rate limiter",
    when: ({ measures }, { waits }) => measures === true && waits === true,
    why: "its slowCallMs would count the wait in the queue",
    instead: "put the rate limiter around the circuit breaker",
  },
  {
    outer: "validation",
    inner: "retry",
    when: ({ asksAgain }) => asksAgain === true,
    why: 'with onInvalid "retryable" it asks a retry around it for another attempt, and there is none',
    instead: "put the retry around the validation",
  },
  {
    outer: "validation",
    inner: "cache",
    when: (_, { keepsAll }) => keepsAll === true,
    why: "an answer that does not fit would be kept, and given to every call until it is old",
    instead: "put the cache around the validation, or tell it by keeps what to keep",
  },
  {
    outer: "timeout",
    inner: "timeout",
    // One call of a cache may go on for others when the time of the first is up.
    when: ({ returnsAfterMs = Infinity }, { stopsAfterMs = 0 }, between) =>
      returnsAfterMs < stopsAfterMs && between.every(({ kind }) => kind !== "cache"),
    why: "it is over before the longer time of the inner one ever is",
    instead: "put the longer one outside",
  },
  {
    outer: "timeout",
    inner: "hedge",
    when: ({ stopsAfterMs = Infinity }, { startsAfterMs = 0 }, between) =>
      stopsAfterMs <= startsAfterMs && between.every(({ kind }) => kind !== "cache"),
    why: "it is over before the delayMs of the hedge ever are",
    instead: "give the hedge a shorter delay, or put it around the timeout",
  },
];

function forbids(rule: Rule, outer: Role, inner: Role, between: readonly Role[]): boolean {
  if (rule.outer !== outer.kind || rule.inner !== inner.kind) return false;
  return rule.when?.(outer, inner, between) ?? true;
}

const sentence = ({ why, instead }: Rule, outer: Role, inner: Role): string =>
  `The ${nameOf(outer)} must not stand around the ${nameOf(inner)}: ${why}; ${instead}`;

const nameOf = ({ kind, name }: Role): string => (name === undefined ? kind : `${kind} "${name}"`);

/** Once around each call: also around those that answer in its place, which run inside all that is outside. */
function checkTwice(policies: readonly Policy<unknown>[], unfold: Unfold): void {
  policies.forEach((policy, place) => {
    const outside = policies.slice(0, place);
    const twin = outside.find((other) => isSame(policy, other));
    if (twin) throw new PipelineError(twice(policy));
    for (const beside of policy.role?.besides ?? []) {
      checkTwice([...outside, ...unfold(beside)], unfold);
    }
  });
}

function isSame(one: Policy<unknown>, other: Policy<unknown>): boolean {
  if (one === other) return true;
  if (!one.role || !other.role) return false;
  return one.role.state === other.role.state && one.role.key === other.role.key;
}

function twice(policy: Policy<unknown>): string {
  const name = policy.role ? nameOf(policy.role) : policy.constructor.name;
  return `The same ${name} stands around a call twice: it would count the call twice, and may wait for itself; keep one, or make a second`;
}

/** By its layer as well: a policy of another house may be a retry of ours in disguise. */
const isRetry = (policy: Policy<unknown>): boolean =>
  (policy.role?.kind ?? layerOf(policy)?.kind) === "retry";
