/** Who reads an answer, made safe: what it throws ends its request, and nothing else. */

import { reportError, toError } from "../base/index.ts";
import type { AnswerListener, DispatchControls } from "./dispatch.ts";

export class SafeReader implements Required<AnswerListener> {
  readonly #reader: AnswerListener;
  readonly #controls: DispatchControls;
  readonly #onThrow: (error: Error) => void;
  #isOver = false;

  /** @param onThrow Hears of what the reader threw, after the reader itself has heard of it. */
  constructor(reader: AnswerListener, controls: DispatchControls, onThrow: (error: Error) => void) {
    this.#reader = reader;
    this.#controls = controls;
    this.#onThrow = onThrow;
  }

  /** It has been told of the end, and hears nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  onRequestStart(...said: Said<"onRequestStart">): void {
    this.#tell(() => this.#reader.onRequestStart?.(...said));
  }

  onResponseStart(...said: Said<"onResponseStart">): void {
    this.#tell(() => this.#reader.onResponseStart?.(...said));
  }

  onResponseData(...said: Said<"onResponseData">): void {
    this.#tell(() => this.#reader.onResponseData?.(...said));
  }

  onResponseEnd(...said: Said<"onResponseEnd">): void {
    this.#tell(() => this.#reader.onResponseEnd?.(...said));
    this.#isOver = true;
  }

  onResponseStarted(): void {
    this.#tell(() => this.#reader.onResponseStarted?.());
  }

  onBodySent(chunk: Uint8Array): void {
    this.#tell(() => this.#reader.onBodySent?.(chunk));
  }

  onRequestSent(): void {
    this.#tell(() => this.#reader.onRequestSent?.());
  }

  onResponseError(controls: DispatchControls, error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#reader.onResponseError?.(controls, error);
    } catch (thrown) {
      reportError(thrown); // Its request is over: nobody else waits for it.
    }
  }

  #tell(say: () => void): void {
    if (this.#isOver) return;
    try {
      say();
    } catch (thrown) {
      // As undici does for a reader that throws.
      const error = toError(thrown);
      this.onResponseError(this.#controls, error);
      this.#onThrow(error);
    }
  }
}

type Said<Name extends keyof AnswerListener> = Parameters<NonNullable<AnswerListener[Name]>>;
