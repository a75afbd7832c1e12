/** The HTTP API as typed calls: for the command line, and for programs beside the runtime. */

import { toError } from "@kintsugi/policy/base";

import type { IncidentFilter, IncidentView, TrustView } from "../../heal/index.ts";
import type { Fetch } from "../../host/index.ts";
import type { Fact } from "../../store/index.ts";
import type { ComponentView } from "../../supervise/index.ts";
import type {
  DeadLetter,
  ForkOptions,
  ReplayOptions,
  ReplayReport,
  RewindOptions,
  RunFilter,
  RunView,
  StartOptions,
} from "../../workflow/index.ts";
import { type LiveMessage, liveMessages } from "../live/messages.ts";
import type { PlaybookView, ReadinessView, StatusView } from "../runtime-port.ts";
import type { SessionCode } from "../sessions.ts";
import {
  ForbiddenError,
  NotFoundError,
  NotRunningError,
  RequestFailedError,
  UnauthenticatedError,
} from "./errors.ts";
import { sseReader } from "./sse.ts";

export interface ClientOptions {
  /** Where the server listens: `"http://127.0.0.1:4600"`. */
  readonly url: string;
  /** Sent as a bearer token; never part of an address. @defaultValue none: health and readiness only */
  readonly token?: string;
  /** The host's `fetch`. */
  readonly fetch: Fetch;
}

/** What the log no longer holds, or what a fact says. */
export type StreamEvent =
  | { readonly kind: "fact"; readonly fact: Fact }
  /** Facts between the last one seen and `firstId` are gone; what follows is complete again. */
  | { readonly kind: "truncated"; readonly firstId: number };

/**
 * Every call throws {@link NotRunningError} when nobody answers, {@link UnauthenticatedError},
 * {@link ForbiddenError}, {@link NotFoundError} as the server says, {@link RequestFailedError} for
 * any other refusal, and the signal's reason when it is aborted.
 */
export interface Client {
  readonly url: string;
  /** Whether the server's event loop turns. */
  alive(signal?: AbortSignal): Promise<boolean>;
  readiness(signal?: AbortSignal): Promise<ReadinessView>;
  status(signal?: AbortSignal): Promise<StatusView>;
  components(signal?: AbortSignal): Promise<readonly ComponentView[]>;
  /** Resolves when the component is running again. `why` is written into the log. */
  restartComponent(name: string, why: string, signal?: AbortSignal): Promise<ComponentView>;
  incidents(filter?: IncidentFilter, signal?: AbortSignal): Promise<readonly IncidentView[]>;
  incident(id: string, signal?: AbortSignal): Promise<IncidentView>;
  runs(filter?: RunFilter, signal?: AbortSignal): Promise<readonly RunView[]>;
  run(id: string, signal?: AbortSignal): Promise<RunView>;
  /** Starts a run, or finds the one of that id; it is durable when this resolves. */
  startRun(
    workflow: string,
    input: unknown,
    options?: StartOptions,
    signal?: AbortSignal,
  ): Promise<RunView>;
  cancelRun(id: string, signal?: AbortSignal): Promise<RunView>;
  /** Kept until the run asks for it. */
  signalRun(id: string, name: string, payload?: unknown, signal?: AbortSignal): Promise<RunView>;
  /** Lets a run that has ended go on from an earlier step. */
  rewindRun(id: string, options: RewindOptions, signal?: AbortSignal): Promise<RunView>;
  /** Gives the new run, which begins with what is recorded of `id` before that step. */
  forkRun(id: string, options: ForkOptions, signal?: AbortSignal): Promise<RunView>;
  deadLetters(
    filter?: Omit<RunFilter, "status">,
    signal?: AbortSignal,
  ): Promise<readonly RunView[]>;
  /** Its input is shown as far as JSON can carry it. */
  deadLetter(id: string, signal?: AbortSignal): Promise<DeadLetter>;
  replayDeadLetter(id: string, options?: ReplayOptions, signal?: AbortSignal): Promise<RunView>;
  /** Replays at most a hundred; `after` of the answer, where it is not null, goes on behind them. */
  replayDeadLetters(request?: ReplayRequest, signal?: AbortSignal): Promise<ReplayReport>;
  /** Gives it up. `why` is written into the log. */
  discardDeadLetter(id: string, why: string, signal?: AbortSignal): Promise<RunView>;
  trust(signal?: AbortSignal): Promise<readonly TrustView[]>;
  playbooks(signal?: AbortSignal): Promise<readonly PlaybookView[]>;
  /** A code that opens the dashboard once, within a minute; see {@link dashboardAddress}. */
  sessionCode(signal?: AbortSignal): Promise<SessionCode>;
  /**
   * Facts as they happen; with `lastId`, first all after that one. Ends when the server ends the
   * stream or `signal` is aborted; whoever wants more calls again with the last id.
   */
  events(
    signal: AbortSignal,
    lastId?: number,
    types?: readonly string[],
  ): AsyncIterable<StreamEvent>;
  /**
   * What the page shows, as it changes: a snapshot, then deltas. With `lastId`, the snapshot holds the
   * facts after that one. Ends as {@link Client.events} does.
   */
  live(signal: AbortSignal, lastId?: number): AsyncIterable<LiveMessage>;
}

export interface ReplayRequest
  extends Pick<RunFilter, "workflow" | "queue" | "sinceMs" | "untilMs" | "after" | "limit"> {
  /** Replays a second at most, from 1 to 1,000. @defaultValue 10 */
  readonly perSecond?: number;
}

/**
 * @example
 * const client = createClient({ url, token, fetch: host.fetch });
 * for await (const event of client.events(signal)) show(event);
 */
export function createClient(options: ClientOptions): Client {
  const url = options.url.replace(/\/+$/, "");
  const send: Send = (path, request = {}) => exchange(options, url, path, request);
  const read = async <T>(path: string, signal: AbortSignal | undefined): Promise<T> =>
    (await bodyOf(await send(path, { signal }))) as T;
  const list = async <T>(path: string, field: string, signal?: AbortSignal): Promise<T> =>
    (await read<Record<string, T>>(path, signal))[field] as T;
  const post = async <T>(path: string, body: object, signal: AbortSignal | undefined): Promise<T> =>
    (await bodyOf(await send(path, { method: "POST", body, signal }))) as T;

  return {
    url,
    async alive(signal) {
      await bodyOf(await send("/healthz", { signal }));
      return true;
    },
    async readiness(signal) {
      const response = await send("/readyz", { signal, allow: 503 });
      return (await bodyOf(response)) as ReadinessView;
    },
    status: (signal) => read("/api/v1/status", signal),
    components: (signal) => list("/api/v1/components", "components", signal),
    restartComponent: (name, why, signal) =>
      post(`/api/v1/components/${encodeURIComponent(name)}/restart`, { why }, signal),
    incidents: (filter, signal) => list(`/api/v1/incidents${query(filter)}`, "incidents", signal),
    incident: (id, signal) => read(`/api/v1/incidents/${encodeURIComponent(id)}`, signal),
    runs: (filter, signal) => list(`/api/v1/runs${query(filter)}`, "runs", signal),
    run: (id, signal) => read(`/api/v1/runs/${encodeURIComponent(id)}`, signal),
    startRun: (workflow, input, options, signal) =>
      post("/api/v1/runs", { workflow, input, ...options }, signal),
    ...runDeeds(read, list, post),
    trust: (signal) => list("/api/v1/trust", "trust", signal),
    playbooks: (signal) => list("/api/v1/playbooks", "playbooks", signal),
    sessionCode: (signal) => post("/api/v1/session-codes", {}, signal),
    ...streams(send),
  };
}

/**
 * Where a browser opens the dashboard. What stands behind `#` is never sent: the page itself takes the
 * code, and clears it from the address bar.
 *
 * @example dashboardAddress(client.url, (await client.sessionCode()).code);
 */
export const dashboardAddress = (url: string, code: string): string =>
  `${url.replace(/\/+$/, "")}/#code=${encodeURIComponent(code)}`;

interface Request {
  readonly method?: "GET" | "POST";
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** A status beside 2xx that is an answer and no refusal. */
  readonly allow?: number;
}

async function exchange(
  options: ClientOptions,
  url: string,
  path: string,
  { method = "GET", body, headers, signal, allow }: Request,
): Promise<Response> {
  const { token } = options;
  const sent: RequestInit = {
    method,
    redirect: "error", // A token goes to the server it was made for, and to no other.
    headers: {
      ...headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  };
  const response = await options.fetch(`${url}${path}`, sent).catch((error: unknown) => {
    throw signal?.aborted ? signal.reason : new NotRunningError(url, error);
  });
  if (response.ok || response.status === allow) return response;
  throw await refusalOf(response);
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    const message = `The answer to ${response.url} broke off or is no JSON`;
    throw new RequestFailedError(message, response.status, "", error);
  }
}

async function refusalOf(response: Response): Promise<Error> {
  // Whoever answers without our error shape is no Kintsugi server; its status still tells something.
  const answer = (await response.json().catch(() => ({}))) as {
    readonly error?: { readonly code?: unknown; readonly message?: unknown };
  };
  const message = String(answer.error?.message ?? `The server answered ${response.status}`);
  switch (response.status) {
    case 401:
      return new UnauthenticatedError(message);
    case 403:
      return new ForbiddenError(message);
    case 404:
      return new NotFoundError(message);
    default:
      return new RequestFailedError(message, response.status, String(answer.error?.code ?? ""));
  }
}

type Read = <T>(path: string, signal: AbortSignal | undefined) => Promise<T>;
type List = <T>(path: string, field: string, signal?: AbortSignal) => Promise<T>;
type Post = <T>(path: string, body: object, signal: AbortSignal | undefined) => Promise<T>;

type RunDeeds =
  | "cancelRun"
  | "signalRun"
  | "rewindRun"
  | "forkRun"
  | "deadLetters"
  | "deadLetter"
  | "replayDeadLetter"
  | "replayDeadLetters"
  | "discardDeadLetter";

function runDeeds(read: Read, list: List, post: Post): Pick<Client, RunDeeds> {
  const runs = (id: string, deed: string): string =>
    `/api/v1/runs/${encodeURIComponent(id)}/${deed}`;
  const letters = (...path: readonly string[]): string =>
    ["/api/v1/dead-letters", ...path.map(encodeURIComponent)].join("/");
  return {
    cancelRun: (id, signal) => post(runs(id, "cancel"), {}, signal),
    signalRun: (id, name, payload, signal) => post(runs(id, "signal"), { name, payload }, signal),
    rewindRun: (id, options, signal) => post(runs(id, "rewind"), options, signal),
    forkRun: (id, options, signal) => post(runs(id, "fork"), options, signal),
    deadLetters: (filter, signal) => list(`${letters()}${query(filter)}`, "deadLetters", signal),
    deadLetter: (id, signal) => read(letters(id), signal),
    replayDeadLetter: (id, options = {}, signal) => post(letters(id, "replay"), options, signal),
    replayDeadLetters: (request = {}, signal) => post(letters("replay"), request, signal),
    discardDeadLetter: (id, why, signal) => post(letters(id, "discard"), { why }, signal),
  };
}

type Send = (path: string, request?: Request) => Promise<Response>;

const streams = (send: Send): Pick<Client, "events" | "live"> => ({
  async *events(signal, lastId, types) {
    const path = `/api/v1/events${types ? query({ types: types.join(",") }) : ""}`;
    const response = await send(path, { signal, headers: since(lastId) });
    yield* unbroken(streamOf(response), signal);
  },
  async *live(signal, lastId) {
    const response = await send("/api/v1/live", { signal, headers: since(lastId) });
    if (response.body) yield* unbroken(liveMessages(response.body), signal);
  },
});

const since = (lastId: number | undefined): Readonly<Record<string, string>> =>
  lastId === undefined ? {} : { "last-event-id": String(lastId) };

async function* streamOf(response: Response): AsyncGenerator<StreamEvent> {
  const reader = sseReader();
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    for (const { type, data } of reader.push(decoder.decode(piece, { stream: true }))) {
      const fields = JSON.parse(data) as Fact & { readonly firstId: number };
      if (type === "log.truncated") yield { kind: "truncated", firstId: fields.firstId };
      else yield { kind: "fact", fact: fields };
    }
  }
}

/** Ends when the caller has seen enough; a stream that breaks off is a refusal of the server. */
async function* unbroken<Message>(
  messages: AsyncGenerator<Message>,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    if (signal.aborted) return;
    const { message } = toError(error);
    throw new RequestFailedError(`The stream of events broke off: ${message}`, 200, "", error);
  }
}

function query(filter: object = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(filter)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  return parameters.size > 0 ? `?${parameters}` : "";
}
