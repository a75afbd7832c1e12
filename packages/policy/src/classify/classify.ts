/**
 * The core of the one error pipeline: every failure becomes a class here, and the class drives retry,
 * circuit, fallback and recovery. It is tables only; whoever knows more is asked through the port.
 */

import {
  aClassifier,
  aClock,
  type Clock,
  checkOptions,
  type Judge,
  type Judgements,
  type Needs,
  type Outcome,
  RejectedError,
  reportError,
  systemClock,
} from "../base/index.ts";
import {
  blamesRequest,
  classOfCode,
  classOfLanguageError,
  classOfSentence,
  classOfSqliteResult,
  isDatabasePort,
  isLoss,
} from "./code-table.ts";
import { type ErrorClass, reactions } from "./error-class.ts";
import { chainOf, type ErrorFacts, factsOf } from "./facts.ts";
import { pushBackMs } from "./grpc.ts";
import { limitResetMs } from "./limit-reset.ts";
import { headerOf, retryAfterMs } from "./retry-after.ts";
import { type Verdict, verdictOfStatus } from "./status-table.ts";

/** What is known about a failure. */
export interface Classification {
  readonly class: ErrorClass;
  /** Whether another attempt at the same target can end better. */
  readonly retryable: boolean;
  /** What it says about the dependency. */
  readonly outcome: Outcome;
  /** Milliseconds that the other side asks to be left alone. */
  readonly retryAfterMs?: number;
  /**
   * Whether the other side says by itself when to come back, or that nobody should, as gRPC's servers do:
   * then no back-off is laid over it, and nobody else's opinion counts.
   */
  readonly pushedBack?: boolean;
  /** Tokens that the attempt has cost all the same, where the error says so. */
  readonly cost?: number;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** What decided: `"code ECONNRESET"`, `"status 503"`. */
  readonly evidence: string;
}

/**
 * The port: rules, neighbours or a model can stand behind it. It is asked about each attempt that has
 * failed while its caller waits, so it answers at once, from what it knows: what takes time, such as asking
 * a model, it does behind that, and knows better the next time. It never throws; where it
 * does, the tables answer.
 *
 * @example
 * const learnt = new Map<string, ErrorClass>();
 * const classifier = createClassifier({
 *   next: {
 *     classify(thrown) {
 *       const kind = learnt.get(String(thrown)) ?? "unknown";
 *       return { ...reactions[kind], class: kind, evidence: "what was learnt" };
 *     },
 *   },
 * });
 */
export interface Classifier {
  classify(thrown: unknown): Classification;
}

export interface ClassifierOptions {
  /** Reads the date in `Retry-After`. @defaultValue the system's */
  readonly clock?: Clock;
  /** Asked about what the tables do not know. @defaultValue nobody */
  readonly next?: Classifier;
}

const needs: Needs<ClassifierOptions> = { clock: aClock, next: aClassifier };

/**
 * @throws {@link RangeError} when an option is of a wrong kind, or not known.
 * @example
 * const { class: kind, retryable } = createClassifier().classify(error);
 */
export function createClassifier(options: ClassifierOptions = {}): Classifier {
  checkOptions("createClassifier()", options, needs);
  const clock = options.clock ?? systemClock;
  const { next } = options;
  return {
    classify(thrown) {
      const found = fromTables(thrown, clock);
      const better = found.class === "unknown" ? next?.classify(thrown) : undefined;
      return better && better.class !== "unknown" ? { ...found, ...better } : found;
    },
  };
}

/**
 * How a call ended that ran under a signal. A caller that changed its mind says nothing about the
 * dependency; one that ran out of time does, and in neither case may another attempt follow.
 */
export function judge(
  classifier: Classifier,
  thrown: unknown,
  signal: AbortSignal | undefined,
): Classification {
  if (!signal?.aborted) return ask(classifier, thrown);
  const reason = ask(classifier, signal.reason);
  return reason.class === "timeout"
    ? { ...reason, retryable: false }
    : { ...reactions.aborted, class: "aborted", evidence: "the caller's signal" };
}

/** A classifier that throws all the same must not end a call: places and permits would be lost with it. */
function ask(classifier: Classifier, thrown: unknown): Classification {
  try {
    return classifier.classify(thrown);
  } catch (error) {
    reportError(error);
    return fromTables(thrown, systemClock);
  }
}

/**
 * As `judge`, but asked once for each failure of an attempt, however many policies around it share the
 * classifier.
 */
export function judgeOnce(
  classifier: Classifier,
  thrown: unknown,
  signal: AbortSignal | undefined,
  attempt: Judgements,
): Classification {
  const known = attempt.judged?.get(classifier);
  if (known && known.thrown === thrown) return known.verdict as Classification; // As it was put there.
  const verdict = judge(classifier, thrown, signal);
  attempt.judged ??= new Map();
  attempt.judged.set(classifier, { thrown, verdict });
  return verdict;
}

/** How a classifier judges for a whole frame. */
export const judgeBy =
  (classifier: Classifier): Judge =>
  (thrown, signal, attempt) =>
    attempt ? judgeOnce(classifier, thrown, signal, attempt) : judge(classifier, thrown, signal);

/** How the tables alone judge, by the system's clock. One for all policies that name no classifier. */
export const judgeByTables: Judge = (thrown, signal) => judge(tables, thrown, signal);

const tables: Classifier = { classify: (thrown) => fromTables(thrown, systemClock) };

/** Refused before it ran: trying again is for whoever has another target. */
const refusal: Classification = {
  class: "overloaded",
  retryable: false,
  outcome: "ignore",
  evidence: "a refusal",
};

function fromTables(thrown: unknown, clock: Clock): Classification {
  if (thrown instanceof RejectedError) {
    const { retryAfterMs } = thrown;
    return retryAfterMs > 0 ? { ...refusal, retryAfterMs } : refusal;
  }
  try {
    return classificationOf(chainOf(thrown).map(factsOf), clock);
  } catch {
    // A getter of the thrown thing threw: it is unknown, and must not break the policy that asks.
    return { ...reactions.unknown, class: "unknown", evidence: "nothing" };
  }
}

function classificationOf(facts: readonly ErrorFacts[], clock: Clock): Classification {
  const decision = decide(facts);
  const told = toldBy(facts, clock);
  const usual = reactions[decision.class];
  const opinion = told.retry ?? facts[0]?.retryable ?? decision.retryable ?? usual.retryable;
  const { retryable, waitMs, pushedBack } = waitOf(told, opinion);
  const isLimit = waitMs === undefined && decision.class === "rate-limit";
  const resetMs = isLimit ? firstOf(facts, ({ headers }) => limitResetMs(headers, clock)) : waitMs;
  // Every failed call passes here: to lay objects over each other would take a third of its time.
  const found: Writable<Classification> = {
    class: decision.class,
    retryable,
    outcome: decision.outcome ?? usual.outcome,
    evidence: decision.evidence,
  };
  if (resetMs !== undefined) found.retryAfterMs = resetMs;
  if (pushedBack) found.pushedBack = true;
  if (told.cost !== undefined) found.cost = told.cost;
  if (told.status !== undefined) found.status = told.status;
  return found;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Wait {
  readonly retryable: boolean;
  readonly waitMs: number | undefined;
  readonly pushedBack: boolean;
}

/** A server of gRPC that pushes back has the last word: not again, or then and not later (A6). */
function waitOf({ pushMs, waitMs }: Told, retryable: boolean): Wait {
  if (pushMs === Infinity) return { retryable: false, waitMs: undefined, pushedBack: true };
  if (pushMs === undefined || !retryable) return { retryable, waitMs, pushedBack: false };
  return { retryable, waitMs: pushMs, pushedBack: true };
}

function firstOf<T>(
  facts: readonly ErrorFacts[],
  read: (each: ErrorFacts) => T | undefined,
): T | undefined {
  for (const each of facts) {
    const found = read(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the other side has said besides: of each, the outermost error's that has any. */
interface Told {
  status: number | undefined;
  waitMs: number | undefined;
  pushMs: number | undefined;
  cost: number | undefined;
  /** OpenAI's and Anthropic's servers know better than any table, and say so. */
  retry: boolean | undefined;
}

function toldBy(facts: readonly ErrorFacts[], clock: Clock): Told {
  const told: Told = {
    status: undefined,
    waitMs: undefined,
    pushMs: undefined,
    cost: undefined,
    retry: undefined,
  };
  for (const each of facts) {
    const { headers } = each;
    told.status ??= each.status;
    told.cost ??= each.tokens;
    told.waitMs ??= each.retryAfterMs || (retryAfterMs(headers, clock) ?? each.toldWaitMs);
    if (headers === undefined) continue;
    told.pushMs ??= pushBackMs(headers);
    told.retry ??= ordered(headerOf(headers, "x-should-retry"));
  }
  return told;
}

function ordered(text: string | undefined): boolean | undefined {
  return text === "true" || text === "false" ? text === "true" : undefined;
}

type Decision = Verdict & { readonly evidence: string };

/** From the strongest evidence to the weakest; within each, the outermost error that has any. */
function decide(facts: readonly ErrorFacts[]): Decision {
  let strongest: Decision | undefined;
  for (const each of facts) {
    const found = byCode(each) ?? bySentence(each) ?? byStatus(each) ?? byFault(each);
    // An abort whose cause is a time-out was one: the signal is only how it was carried out.
    if (found && (found.class === "timeout" || strongest === undefined)) strongest = found;
    if (strongest && strongest.class !== "aborted") return strongest;
  }
  if (strongest) return strongest;
  for (const { name, message } of facts) {
    const weak = classOfLanguageError(name, message);
    if (weak) return { class: weak, evidence: `name ${name}` };
  }
  return { class: "unknown", evidence: "nothing" };
}

function byCode(facts: ErrorFacts): Decision | undefined {
  const { sqliteResult, syscall } = facts;
  const stored = sqliteResult === undefined ? undefined : classOfSqliteResult(sqliteResult);
  if (stored) return { class: stored, evidence: `SQLite result ${sqliteResult}` };
  for (const code of facts.codes) {
    if (syscall?.startsWith("spawn")) return { class: "spawn-failed", evidence: `code ${code}` };
    const found = classOfCode(code);
    if (found) return { class: atPort(found, facts.port), evidence: `code ${code}` };
  }
  return undefined;
}

function atPort(found: ErrorClass, port: number | undefined): ErrorClass {
  const isConnection = found === "network" || found === "timeout";
  return isConnection && port !== undefined && isDatabasePort(port) ? "db-connection" : found;
}

function bySentence({ codes, message }: ErrorFacts): Decision | undefined {
  for (const code of codes) {
    const found = classOfSentence(code, message);
    if (found) return { class: found, evidence: `code ${code} and its message` };
  }
  return undefined;
}

/** An answer whose status said nothing yet, as when it broke off in mid-stream. */
function byFault({ codes }: ErrorFacts): Decision | undefined {
  const lost = codes.find(isLoss);
  if (lost) {
    return { class: "unknown", retryable: false, outcome: "failure", evidence: `code ${lost}` };
  }
  const code = codes.find(blamesRequest);
  if (code === undefined) return undefined;
  return { class: "unknown", retryable: false, outcome: "ignore", evidence: `code ${code}` };
}

function byStatus({ status }: ErrorFacts): Decision | undefined {
  const verdict = status === undefined ? undefined : verdictOfStatus(status);
  return verdict && { ...verdict, evidence: `status ${status}` };
}
