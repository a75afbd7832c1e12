/** Requests to one bucket: signed, with a time limit, and tried again where that may help. */

import {
  type Pipeline,
  pipeline,
  RetryPolicy,
  TimeoutError,
  TimeoutPolicy,
} from "@kintsugi/policy";
import type { Clock, Random } from "@kintsugi/policy/base";

import type { Fetch } from "../../../host/index.ts";
import { S3Error } from "./errors.ts";
import { type S3Credentials, signedHeaders } from "./signature.ts";
import { textOf } from "./xml.ts";

export interface BucketOptions {
  readonly bucket: string;
  /** Of the service, without the bucket. */
  readonly endpoint: URL;
  readonly region: string;
  readonly addressing: "path" | "virtual-host";
  readonly credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: Random;
}

export interface BucketRequest {
  readonly method: "GET" | "PUT" | "DELETE";
  /** "" for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Other answers that are none of an error. @defaultValue none */
  readonly expected?: readonly number[];
  /** Throws where the body is not what was stored; that is tried again as well. */
  readonly check?: (answer: BucketAnswer) => void;
}

export interface BucketAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** What a server's own words may take in an error. */
const LONGEST_WORDS = 300;

/** A fetch that fails says no more than that; its cause knows. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

export class Bucket {
  readonly #options: BucketOptions;
  readonly #policies: Pipeline<unknown>;

  constructor(options: BucketOptions) {
    const { bucket, timeoutMs, maxAttempts, clock, random } = options;
    this.#options = options;
    this.#policies = pipeline(
      new RetryPolicy({
        maxAttempts,
        initialDelayMs: FIRST_WAIT_MS,
        maxDelayMs: LONGEST_WAIT_MS,
        retryableErrors: (error) =>
          error instanceof TimeoutError || (error instanceof S3Error && error.isTransient),
        clock,
        random,
      }),
      new TimeoutPolicy({ timeoutMs, name: `a request to bucket "${bucket}"`, clock }),
    );
  }

  /** @throws {@link S3Error}, or {@link TimeoutError} when the last attempt took too long. */
  async send(request: BucketRequest): Promise<BucketAnswer> {
    const answer = await this.#policies.execute(({ signal }) => this.#attempt(request, signal));
    return answer as BucketAnswer; // No policy here has an answer of its own.
  }

  async #attempt(request: BucketRequest, signal: AbortSignal): Promise<BucketAnswer> {
    const { credentials: given, region, clock } = this.#options;
    const credentials = typeof given === "function" ? await given() : given;
    const { method, headers = {}, body = new Uint8Array() } = request;
    const url = this.#address(request);
    const signing = { credentials, region, atMs: clock.epochMs() };
    const sent = signedHeaders({ method, url, headers, body }, signing);
    let answer: BucketAnswer;
    try {
      // A redirect would carry the signature to another server.
      const init = { method, headers: sent, redirect: "manual", signal } as const;
      const response = await this.#options.fetch(url, method === "PUT" ? { ...init, body } : init);
      const bytes = Buffer.from(await response.arrayBuffer());
      answer = { status: response.status, headers: response.headers, body: bytes };
    } catch (error) {
      signal.throwIfAborted();
      throw this.#unanswered(request, error);
    }
    const isExpected = (request.expected ?? []).includes(answer.status);
    if (!isExpected && (answer.status < 200 || answer.status > 299)) {
      throw this.#refusal(request, answer, credentials);
    }
    request.check?.(answer);
    return answer;
  }

  #address({ key, query = {} }: BucketRequest): URL {
    const { endpoint, addressing, bucket } = this.#options;
    const url = new URL(endpoint);
    const path = url.pathname.replace(/\/$/, "");
    if (addressing === "virtual-host") url.hostname = `${bucket}.${url.hostname}`;
    url.pathname = addressing === "virtual-host" ? `${path}/${key}` : `${path}/${bucket}/${key}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  #named({ method, key }: BucketRequest): string {
    const { bucket, endpoint } = this.#options;
    const what = key === "" ? "a list" : `${method} ${key}`;
    return `The bucket "${bucket}" at ${endpoint.host} answered ${what}`;
  }

  #unanswered(request: BucketRequest, error: unknown): S3Error {
    const cause = (error as { readonly cause?: unknown }).cause ?? error;
    const { message, code } = cause as { readonly message?: string; readonly code?: string };
    const reason = message || code || String(cause);
    const sentence = `${this.#named(request).replace(" answered ", " did not answer ")}: ${reason}`;
    return new S3Error(sentence, { status: 0 }, cause);
  }

  #refusal(request: BucketRequest, answer: BucketAnswer, credentials: S3Credentials): S3Error {
    const { status, headers, body } = answer;
    const xml = body.toString("utf8", 0, 2 ** 16);
    const s3Code = without(textOf(xml, "Code") ?? "", credentials);
    const words = without(textOf(xml, "Message") ?? "", credentials).slice(0, LONGEST_WORDS);
    const region = headers.get("x-amz-bucket-region");
    const { region: ours } = this.#options;
    const place = region && region !== ours ? ` (it lies in region ${region}, not ${ours})` : "";
    const said = [s3Code, words].filter((text) => text !== "").join(": ");
    const sentence = `${this.#named(request)} with ${status}${said && ` ${said}`}${place}`;
    return new S3Error(sentence, { status, s3Code });
  }
}

/** Some servers repeat what they were given. */
function without(text: string, credentials: S3Credentials): string {
  const secrets = [
    credentials.secretAccessKey,
    credentials.sessionToken ?? "",
    credentials.accessKeyId,
  ];
  return secrets
    .filter((secret) => secret !== "")
    .reduce((left, secret) => left.replaceAll(secret, "***"), text);
}
