/** One attempt at a request: an answer is handed on, a failure is kept until it is judged. */

import { HttpError, isFailedStatus } from "../fetch/index.ts";
import type { AnswerListener, DispatchControls } from "./dispatch.ts";
import type { SafeReader } from "./safe-reader.ts";

/** An answer that is a failure, as far as it was read. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: Parameters<NonNullable<AnswerListener["onResponseStart"]>>[2];
  readonly message: string | undefined;
  readonly chunks: readonly Uint8Array[];
  readonly trailers: object;
  /** Nothing of its body was left unread. */
  readonly isWhole: boolean;
  readonly connection: DispatchControls;
}

/** What becomes of an attempt is told to the exchange that makes it. */
export interface AttemptListener {
  /** The first part of an answer that is none of a failure. False where another attempt was quicker. */
  take(controls: DispatchControls): boolean;
  /** The one who made the request. */
  readonly reader: SafeReader;
  readonly controls: DispatchControls;
  answered(): void;
  ended(): void;
  failed(error: unknown, answer?: FailedAnswer): void;
}

/** As much of a failure's body as is kept: enough to be handed on whole, where it is an error report. */
const LONGEST_FAILURE = 65_536;

const LET_GO = new Error("The rest of this answer is not needed");

export class DispatchAttempt implements AnswerListener {
  readonly #address: string;
  readonly #exchange: AttemptListener;
  #connection: DispatchControls | undefined;
  #failing: (FailedAnswer & { readonly chunks: Uint8Array[] }) | undefined;
  #bytes = 0;
  /** Why nothing that comes counts any more. */
  #over: { readonly reason: unknown } | undefined;

  constructor(address: string, exchange: AttemptListener) {
    this.#address = address;
    this.#exchange = exchange;
  }

  /** Gives the connection up; one that has yet to be found is given up when it is. */
  cut(reason: unknown): void {
    this.#over = { reason };
    this.#connection?.abort(asError(reason));
  }

  onRequestStart(controls: DispatchControls): void {
    this.#connection = controls;
    if (this.#over) controls.abort(asError(this.#over.reason));
  }

  onResponseStarted(): void {
    if (!this.#over) this.#exchange.reader.onResponseStarted();
  }

  onBodySent(chunk: Uint8Array): void {
    if (!this.#over) this.#exchange.reader.onBodySent(chunk);
  }

  onRequestSent(): void {
    if (!this.#over) this.#exchange.reader.onRequestSent();
  }

  onResponseStart(
    controls: DispatchControls,
    status: number,
    headers: FailedAnswer["headers"],
    message?: string,
  ): void {
    if (this.#over) return;
    const { reader, controls: stable } = this.#exchange;
    if (status < 200) reader.onResponseStart(stable, status, headers, message);
    else if (isFailedStatus(status)) {
      const unread = { chunks: [], trailers: {}, isWhole: false };
      this.#failing = { status, headers, message, ...unread, connection: controls };
    } else if (this.#exchange.take(controls)) {
      reader.onResponseStart(stable, status, headers, message);
      this.#exchange.answered();
    } else {
      this.cut(LET_GO);
      this.#exchange.failed(LET_GO);
    }
  }

  onResponseData(_: DispatchControls, chunk: Uint8Array): void {
    if (this.#over) return;
    const failing = this.#failing;
    if (!failing) {
      this.#exchange.reader.onResponseData(this.#exchange.controls, chunk);
      return;
    }
    failing.chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    if (this.#bytes > LONGEST_FAILURE) this.#fail(failing);
  }

  onResponseEnd(_: DispatchControls, trailers: object): void {
    if (this.#over) return;
    if (this.#failing) {
      this.#fail({ ...this.#failing, trailers, isWhole: true });
      return;
    }
    this.#over = { reason: LET_GO };
    this.#exchange.reader.onResponseEnd(this.#exchange.controls, trailers);
    this.#exchange.ended();
  }

  onResponseError(_: DispatchControls, error: Error): void {
    if (this.#over) return;
    // Its status says more than that its report broke off.
    if (this.#failing) this.#fail(this.#failing);
    else {
      this.#over = { reason: error };
      this.#exchange.failed(error);
    }
  }

  #fail(answer: FailedAnswer): void {
    const { status } = answer;
    const headers = headersOf(answer.headers);
    const error = new HttpError({ url: this.#address, status, headers }, textOf(answer.chunks));
    if (answer.isWhole) this.#over = { reason: error };
    else this.cut(LET_GO);
    this.#exchange.failed(error, answer);
  }
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason), { cause: reason });

function headersOf(raw: FailedAnswer["headers"]): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    try {
      for (const each of [value ?? []].flat()) headers.append(name, each);
    } catch {
      // Characters that the platform does not let into a header: it says nothing that a policy reads.
    }
  }
  return headers;
}

function textOf(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
}
