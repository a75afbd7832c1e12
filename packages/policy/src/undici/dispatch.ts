/** What undici's dispatchers say to each other, as far as it is needed: types of our own, as of its version 8. */

/** One request, as undici's `DispatchOptions` have it. */
export interface DispatchRequest {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method: string;
  readonly body?: unknown;
  readonly headers?: unknown;
  readonly idempotent?: boolean;
  readonly upgrade?: boolean | string | null;
  readonly bodyTimeout?: number | null;
}

/** What who reads an answer can do with its connection. */
export interface DispatchControls {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  rawHeaders?: unknown;
  rawTrailers?: unknown;
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** Who hears of an answer, part by part. */
export interface AnswerListener {
  onRequestStart?(controls: DispatchControls, context: unknown): void;
  onResponseStart?(
    controls: DispatchControls,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    message?: string,
  ): void;
  onResponseData?(controls: DispatchControls, chunk: Uint8Array): void;
  onResponseEnd?(controls: DispatchControls, trailers: object): void;
  onResponseError?(controls: DispatchControls, error: Error): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: Uint8Array): void;
  onRequestSent?(): void;
}

export type Dispatch = (request: DispatchRequest, listener: AnswerListener) => boolean;

/** What `compose` of a dispatcher takes; it gives back what it was given, under policies. */
export type DispatchInterceptor = <D extends (request: never, listener: never) => boolean>(
  dispatch: D,
) => D;

/** One thing for the whole of a request, however many connections serve it. */
export class StableControls implements DispatchControls {
  readonly #onAbort: (reason: Error) => void;
  #connection: DispatchControls | undefined;
  #reason: Error | null = null;
  #isPaused = false;

  constructor(onAbort: (reason: Error) => void) {
    this.#onAbort = onAbort;
  }

  /** The connection whose answer is handed on. */
  set connection(connection: DispatchControls) {
    this.#connection = connection;
    if (this.#isPaused) connection.pause();
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#isPaused;
  }

  get rawHeaders(): unknown {
    return this.#connection?.rawHeaders ?? null;
  }

  get rawTrailers(): unknown {
    return this.#connection?.rawTrailers ?? null;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.#reason = reason;
    this.#onAbort(reason);
  }

  pause(): void {
    this.#isPaused = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#connection?.resume();
  }
}
