/**
 * A request and its answer, through all attempts:
 *
 *     waiting ──▶ attempt ── a failure ──▶ judged ── again ──▶ attempt
 *                    │                        └── given up ──▶ its reader gets the error
 *                    └── an answer ──▶ handed on, part by part; from here nothing is tried again
 */

import { type CallContext, toError } from "../base/index.ts";
import {
  HttpError,
  NotSentAgainError,
  type Sending,
  SentOnceError,
  unmarked,
} from "../fetch/index.ts";
import type { Runner } from "../resilient/index.ts";
import { type AttemptListener, DispatchAttempt, type FailedAnswer } from "./attempt.ts";
import {
  type AnswerListener,
  type Dispatch,
  type DispatchControls,
  type DispatchRequest,
  StableControls,
} from "./dispatch.ts";
import { SafeReader } from "./safe-reader.ts";

/** How an exchange is to go. */
export interface ExchangeRules {
  readonly sending: Sending;
  /** Whether policies hear of an answer when its headers have come, or when all of it has. */
  readonly holdUntil: "headers" | "end";
  /** What its reader gets for an answer that is a failure, when nothing follows it. */
  readonly failures: "throw" | "answer";
}

/** Its policies answered without it. */
const replaced = (): TypeError =>
  new TypeError("A policy answered in place of the request, and undici needs a real answer");

export class Exchange {
  readonly #dispatch: Dispatch;
  readonly #request: DispatchRequest;
  readonly #reader: SafeReader;
  readonly #rules: ExchangeRules;
  readonly #caller = new AbortController();
  readonly #controls = new StableControls((reason) => this.#leave(reason));
  /** The connection whose answer is handed on. */
  #taken: DispatchControls | undefined;
  /** What the reader would get in place of an error. */
  #lastFailure: FailedAnswer | undefined;

  constructor(
    dispatch: Dispatch,
    request: DispatchRequest,
    reader: AnswerListener,
    rules: ExchangeRules,
  ) {
    this.#dispatch = dispatch;
    this.#request = request;
    this.#reader = new SafeReader(reader, this.#controls, (error) => this.#leave(error));
    this.#rules = rules;
  }

  /** Throws nothing: its reader hears of all that fails. */
  async begin(run: Runner): Promise<void> {
    try {
      // At once, and not with a connection: whoever waits for a place or a retry may be aborted as well.
      this.#reader.onRequestStart(this.#controls, {});
      await run((context) => {
        // What the reader has seen the beginning of is never begun again, whatever a policy thinks.
        if (this.#taken) throw new NotSentAgainError();
        return this.#rules.sending.attempt(() => this.#attempt(context));
      }, this.#caller.signal);
      if (!this.#taken) throw replaced();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #attempt({ signal }: CallContext): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { origin = "", path } = this.#request;
    let isMine = false;
    const listener: AttemptListener = {
      reader: this.#reader,
      controls: this.#controls,
      take: (connection) => {
        isMine = this.#take(connection);
        return isMine;
      },
      answered: () => {
        if (this.#rules.holdUntil === "headers") settle(resolve);
      },
      ended: () => settle(resolve),
      failed: (error, answer) => {
        this.#lastFailure = answer;
        if (isMine && this.#rules.holdUntil === "headers") this.#fail(error);
        settle(() => reject(isMine ? new SentOnceError(error) : error));
      },
    };
    const attempt = new DispatchAttempt(`${String(origin).replace(/\/$/, "")}${path}`, listener);
    const cut = (): void => {
      attempt.cut(signal.reason);
      settle(() => reject(signal.reason));
    };
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", cut);
      end();
    };
    signal.addEventListener("abort", cut);
    try {
      if (signal.aborted) cut();
      else this.#dispatch(this.#request, attempt);
    } catch (thrown) {
      settle(() => reject(thrown));
    }
    return promise;
  }

  #take(connection: DispatchControls): boolean {
    if (this.#taken || this.#reader.isOver) return false;
    this.#taken = connection;
    this.#controls.connection = connection;
    return true;
  }

  /** Its reader has given up, or has thrown: no fault of the other side. */
  #leave(reason: Error): void {
    this.#caller.abort(reason);
    if (this.#rules.holdUntil === "headers") this.#taken?.abort(reason);
  }

  #fail(thrown: unknown): void {
    const reason = unmarked(thrown);
    const last = this.#lastFailure;
    if (this.#rules.failures === "answer" && reason instanceof HttpError && last?.isWhole) {
      this.#replay(last);
      return;
    }
    this.#reader.onResponseError(this.#controls, toError(reason));
  }

  #replay({ status, headers, message, chunks, trailers, connection }: FailedAnswer): void {
    const controls = this.#controls;
    controls.connection = connection; // Its headers, as they came, are read there.
    this.#reader.onResponseStart(controls, status, headers, message);
    for (const chunk of chunks) this.#reader.onResponseData(controls, chunk);
    this.#reader.onResponseEnd(controls, trailers);
  }
}
