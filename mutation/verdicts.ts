/** Survivors that were looked at: why no test can, or need, tell them from the original. */

import { callVerdicts } from "./call-verdicts.ts";
import type { Verdict } from "./result.ts";
import { sharingVerdicts } from "./sharing-verdicts.ts";

/** The check alone tells the compiler; without it the next line comes to the same. */
const FOR_TYPES = "for the compiler: without it what follows comes to the same";
/** The work that it saves would change nothing. */
const FOR_SPEED = "saves work that would change nothing";
const FOR_MEMORY = "saves memory, and nothing else";
/** Both branches come to the same at the boundary. */
const SAME_AT_BOUNDARY = "at the boundary both come to the same";
const NEVER_THERE = "what stands there is never looked at";
const OVERWRITTEN = "set anew before it is read";

const because = (reason: string, ...lines: readonly (readonly [file: string, line: string])[]) =>
  lines.map(([file, line]): Verdict => ({ file, line, reason }));

const equal: readonly Verdict[] = [
  ...because(
    FOR_TYPES,
    ["hedge/hedge-race.ts", "this.#deadlines?.add(this)"],
    ["hedge/hedge-race.ts", "this.#hedges?.forEach("],
    ["hedge/hedge-state.ts", 'state.kind === "racing" && state.started'],
    ["hedge/hedge-state.ts", 'state.kind !== "racing" || !mayHedge'],
    ["rate-limit/accounts.ts", "if (remaining !== undefined)"],
    ["rate-limit/rate-headers.ts", "text === undefined"],
    ["rate-limit/rate-limiter.ts", "cost !== undefined && cost >= 0"],
    ["classify/classify.ts", "sqliteResult === undefined"],
    ["classify/classify.ts", "port !== undefined && isDatabasePort"],
    ["classify/limit-reset.ts", "if (text === undefined) return undefined"],
    ["classify/retry-after.ts", "text === undefined ||"],
    ["classify/retry-after.ts", "text !== undefined &&"],
    ["classify/retry-after.ts", "exec(delay) ?? []"],
    ["undici/interceptor.ts", "if (oldest !== undefined)"],
    ["base/duration.ts", "exec(value) ?? []"],
    ["base/duration.ts", "if (amount === undefined) return undefined"],
    ["base/duration.ts", 'typeof value === "number"'],
    ["base/frame.ts", "attempt.parent?.reason"],
    ["base/timed-attempt.ts", "this.#limit?.start(this)"],
    ["base/timed-attempt.ts", "this.#limit?.stop(this)"],
    ["base/deadlines.ts", "this.#first?.dueMs ?? OPEN"],
    ["base/deadlines.ts", "this.#last?.dueMs === OPEN"],
    ["waiting/line-state.ts", "front(state)?.[1]?.[0]?.ids[0]"],
    ["waiting/line-state.ts", "front(state) ?? []"],
    ["waiting/line-state.ts", "priority === undefined || !lane"],
    ["waiting/line.ts", "if (this.#size === 0) return undefined"],
    ["waiting/line.ts", "if (!place || !lane) return undefined"],
    ["waiting/waiting-room.ts", "this.#line.serve()?."],
    ["timeout/timeout-policy.ts", "this.#deadlines?."],
    ["base/timed-attempt.ts", "if (!limit) return"],
    ["base/timed-attempt.ts", "if (this.work) this.leave(this.work)"],
    ["classify/facts.ts", "if (cause !== undefined)"],
    ["classify/facts.ts", "if (place === undefined) continue"],
    ["classify/facts.ts", "} catch {"],
    ["classify/facts.ts", 'typeof value === "object" && value !== null'],
    ["classify/facts.ts", "Number.isFinite(value)"],
    ["fallback/fallback-policy.ts", "if (counts) counts[what]"],
  ),
  ...because(
    FOR_SPEED,
    ["hedge/hedge-state.ts", "attempt === 1 ? wonByFirst"],
    ["adaptive-limit/throttle-state.ts", "if (slot <= this.#newest) return"],
    ["rate-limit/sliding-window.ts", "if (nowMs >= this.#endMs)"],
    ["rate-limit/sliding-window.ts", "if (slot <= this.#newest) return"],
    ["rate-limit/sliding-window.ts", "this.#endMs = (slot + 1)"],
    ["rate-limit/rate-limiter.ts", "if (cost === undefined) {"],
    ["rate-limit/rate-limiter.ts", "if (this.#room.size > 0) this.#callIn()"],
    ["classify/classify.ts", "if (headers === undefined) continue"],
    ["classify/facts.ts", 'body.trimStart().startsWith("{")'],
    ["classify/facts.ts", "details === undefined ? undefined"],
    ["pipeline/pipeline.ts", "this.#outermost ?? this.#compile()"],
    ["pipeline/pipeline.ts", "outermost instanceof Frame && !this.#inner"],
    ["undici/interceptor.ts", "const runners = typeof resilience"],
    ["base/deadlines.ts", "#isLong = "],
    ["base/deadlines.ts", "this.#isLong = false"],
    ["base/frame.ts", "if (answer instanceof Promise) return true"],
    ["base/frame.ts", "this.#retry ?? this.#ending"],
    ["base/frame.ts", "admitted === 0 && !this.#retry"],
    ["base/parent-signal.ts", "latest?.signal !== signal"],
    ["base/parent-signal.ts", "if (this.#isListening) return link"],
    ["base/parent-signal.ts", "if (this.#isChildless) return"],
    ["base/parent-signal.ts", "this.#isChildless = true"],
    ["base/parent-signal.ts", "if (!parent.youngest) parent.stopSoon()"],
    ["base/cut-context.ts", "if (this.controller) return"],
    ["base/timed-attempt.ts", "if (this.controller) return"],
    ["base/timed-attempt.ts", "if (!abandon) return"],
    ["waiting/waiting-room.ts", "if (queueTimeoutMs !== Infinity)"],
    ["cache/cache-store.ts", "if (kept && key !== this.#latest)"],
    ["cache/cache-store.ts", "if (this.#latest === key)"],
    ["cache/cache-store.ts", "if (bytes > maxBytes) this.#evict(key)"],
    ["bulkhead/bulkhead.ts", "if (permit >= 0) return permit"],
    ["bulkhead/bulkhead.ts", "if (permit === REFUSED) throw"],
  ),
  ...because(
    FOR_MEMORY,
    ["pipeline/compile.ts", "this.#guards.slice()"],
    ["pipeline/pipeline.ts", "policies.flatMap((policy) => this.#unfold(policy)).slice()"],
    ["base/frame.ts", "dropSettlers()"],
    ["timeout/own-timers.ts", "this.#timers.delete(deadline)"],
  ),
  ...because(
    SAME_AT_BOUNDARY,
    ["hedge/hedge-budget.ts", "left < this.#most ? left"],
    ["adaptive-limit/cohort.ts", "if (inFlight > this.#mostInFlight)"],
    ["adaptive-limit/limit-state.ts", "goal < limit ?"],
    ["rate-limit/accounts.ts", "if (cost > 0) account.spend"],
    ["rate-limit/accounts.ts", "if (cost < 0) account.giveBack"],
    ["rate-limit/accounts.ts", "more > 0 ? nowMs"],
    ["rate-limit/account.ts", "if (unseen > 0)"],
    ["rate-limit/rate-limiter.ts", "> this.#limits.queueTimeoutMs"],
    ["fetch/http-error.ts", "while (text.length < LONGEST_BODY)"],
  ),
  ...because(
    NEVER_THERE,
    ["hedge/hedge-race.ts", "this.#hedges ?? []"],
    ["rate-limit/rate-options.ts", ": true,"],
    ["rate-limit/rate-state.ts", "export const unspent"],
    ["classify/facts.ts", "const found: string[] = []"],
    ["classify/classify.ts", "const told: Told = {"],
    ["pipeline/order.ts", "role ?? []"],
    ["pipeline/pipeline.ts", "const bare = (): Frame"],
    ["undici/attempt.ts", "this.#over = { reason"],
    ["base/attempt.ts", "permits: [],"],
    ["base/attempt.ts", "startedMs = -1"],
    ["base/attempt.ts", "ermit = -1"],
    ["base/attempt.ts", "permits[place - 2] ?? -1"],
  ),
  ...because(
    OVERWRITTEN,
    ["hedge/hedge.ts", "#deadlinesMs = -1"],
    ["adaptive-limit/cohort.ts", "#isClosed = false"],
    ["adaptive-limit/cohort.ts", "readonly #ended ="],
  ),
  ...because(
    "a list one too long or too short ends at a place where nobody is",
    ["base/frame.ts", "place = guards.length - 1"],
    ["base/frame.ts", "guards[place]?.settle("],
    ["base/frame.ts", "this.#guards[place]?.settle("],
  ),
  ...because(
    "nothing is as good as false",
    ["fetch/resilient-fetch.ts", "new Sending(false, () => false)"],
    ["undici/interceptor.ts", "new Sending(false, () => false)"],
  ),
];

/** Told apart only by what no user can count on. */
const notWorthIt: readonly Verdict[] = [
  ...because("chance hits the boundary once in 2 ** 53 calls", [
    "adaptive-limit/adaptive-throttle.ts",
    "this.#random.next() < chance",
  ]),
  ...because("would take three windows within a sixteenth of a millisecond", [
    "adaptive-limit/cohort.ts",
    "1 / STAMPS_PER_MS",
  ]),
  ...because("five causes deep or six: a bound on circles", ["fetch/repeat.ts", "depth < 5"]),
  ...because("an address has none of the properties that are read", [
    "fetch/resilient-fetch.ts",
    '"method" in input',
  ]),
  ...because("nobody sets it twice", ["fetch/resilient-fetch.ts", "configurable: true"]),
  ...because(
    "its listener is gone, or its promise is settled: nobody hears of it",
    ["undici/attempt.ts", "this.#exchange.failed(LET_GO)"],
    ["undici/attempt.ts", "if (this.#over) return"],
  ),
  ...because("the end has been told when it throws", [
    "undici/safe-reader.ts",
    "this.#reader.onResponseEnd?.",
  ]),
  ...because(
    "in Node alone it is never taken: browsers have no setImmediate, and timers that are numbers",
    ["base/clock.ts", "setTimeout(fn, 0)"],
    ["base/clock.ts", "setImmediate?:"],
    ["base/clock.ts", 'typeof timer === "object"'],
  ),
];

/** Noticed by tests that are not run for the folder, or told apart by nobody outside. */
const heldElsewhere: readonly Verdict[] = [
  ...because("the circuit breaker alone reads it, and its tests hold it", [
    "base/attempt.ts",
    "begunMs",
  ]),
  ...because(
    "a retry that finds none asks the judge again, which remembers what it said",
    ["base/attempt.ts", "get verdict()"],
    ["base/attempt.ts", "set verdict("],
  ),
  ...because("nobody listens again to a signal that was aborted", [
    "base/parent-signal.ts",
    "this.#isListening = false",
  ]),
  ...because("what throws here is caught, and comes to the same", [
    "classify/classify.ts",
    "facts[0]?.retryable",
  ]),
  ...because("words are looked for anywhere in it", ["classify/facts.ts", "message.trim()"]),
  ...because("what does not begin so is no date for the platform either", [
    "classify/limit-reset.ts",
    "Date.parse(text)",
  ]),
  ...because("every retry of ours has both", [
    "pipeline/order.ts",
    'policy.role?.kind === "retry"',
  ]),
];

export const verdicts: readonly Verdict[] = [
  ...equal,
  ...notWorthIt,
  ...heldElsewhere,
  ...callVerdicts,
  ...sharingVerdicts,
];
