/** Checkpoints in a bucket of S3, or of what speaks like it: an object for each version. */

import { createHash, getFips } from "node:crypto";

import {
  type Clock,
  type Duration,
  durationMs,
  type Random,
  refused,
  systemClock,
  systemRandom,
  wholeNumber,
} from "@kintsugi/policy/base";

import { type Fetch, systemHost } from "../../../host/index.ts";
import { CheckpointTakenError } from "../errors.ts";
import { plainName } from "../names.ts";
import type { CheckpointStore } from "../port.ts";
import { Bucket, type BucketAnswer } from "./bucket.ts";
import { S3Error } from "./errors.ts";
import type { S3Credentials } from "./signature.ts";
import { textOf, textsOf } from "./xml.ts";

export interface S3CheckpointOptions {
  readonly bucket: string;
  /** As the bucket has it: `eu-central-1`. Services that have none take `auto` or `us-east-1`. */
  readonly region: string;
  /** Asked before each request where it is a function: for credentials that are lent for a while. */
  readonly credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  /** Of the service, without the bucket: `https://minio.example.org:9000`. @defaultValue that of AWS */
  readonly endpoint?: string;
  /**
   * Whether the bucket stands in the path or before the name of the host. A bucket with a dot in its name has
   * no certificate before that of AWS. @defaultValue "path" with an endpoint of your own, else "virtual-host"
   */
  readonly addressing?: "path" | "virtual-host";
  /** Stands before the keys: letters, digits, `.`, `_`, `-` and `/`. @defaultValue "" */
  readonly prefix?: string;
  /**
   * Whether the service knows `If-None-Match` for what is put, as AWS, R2 and MinIO do: then a version is
   * written once whoever else writes. With false it is looked first. @defaultValue true
   */
  readonly conditionalPut?: boolean;
  /** What one attempt at a request may take, its body included. @defaultValue "60s" */
  readonly timeout?: Duration;
  /** Attempts at each request, the first included, from 1. @defaultValue 4 */
  readonly maxAttempts?: number;
  /** Versions that are listed with one request, 1 to 1,000. @defaultValue 1_000 */
  readonly pageSize?: number;
  /** @defaultValue that of the platform */
  readonly fetch?: Fetch;
  /** @defaultValue the system's */
  readonly clock?: Clock;
  /** @defaultValue the system's */
  readonly random?: Random;
}

/**
 * @throws {@link RangeError} naming the option that cannot be used.
 * @example
 * const store = s3Checkpoints({ bucket: "states", region: "eu-central-1", credentials });
 */
export function s3Checkpoints(options: S3CheckpointOptions): CheckpointStore {
  return new S3Checkpoints(options);
}

const SHA256 = "x-amz-meta-sha256";

class S3Checkpoints implements CheckpointStore {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #isConditional: boolean;
  readonly #pageSize: number;

  constructor(options: S3CheckpointOptions) {
    const { bucket, region, credentials, fetch = systemHost().fetch } = options;
    const pageSize = wholeNumber("pageSize", options.pageSize ?? 1_000, 1);
    if (pageSize > 1_000) throw refused("pageSize", "a whole number from 1 to 1000", pageSize);
    this.#pageSize = pageSize;
    this.#isConditional = options.conditionalPut ?? true;
    this.#prefix = checkPrefix(options.prefix ?? "");
    this.#bucket = new Bucket({
      bucket: checkText("bucket", bucket, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, BUCKET_WORDS),
      region: checkText("region", region, /^[a-z0-9-]+$/, "the name of a region"),
      credentials: checkCredentials(credentials),
      endpoint: endpointOf(options),
      addressing: options.addressing ?? (options.endpoint ? "path" : "virtual-host"),
      timeoutMs: durationMs(options.timeout ?? "60s"),
      maxAttempts: wholeNumber("maxAttempts", options.maxAttempts ?? 4, 1),
      fetch,
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
    });
  }

  async write(id: string, version: number, text: string): Promise<void> {
    const key = this.#key(id, version);
    if (!this.#isConditional) {
      const there = await this.read(id, version);
      if (there === text) return;
      if (there !== undefined) throw new CheckpointTakenError(id, version);
    }
    const body = Buffer.from(text, "utf8");
    const sha256 = hashOf("sha256", body);
    const answer = await this.#bucket.send({
      method: "PUT",
      key,
      body,
      headers: {
        "content-type": "application/json",
        [SHA256]: sha256.toString("hex"),
        "x-amz-checksum-sha256": sha256.toString("base64"),
        ...(this.#isConditional && { "if-none-match": "*" }),
      },
      expected: [412],
    });
    if (answer.status === 412) {
      // Perhaps it was we: an attempt before may have arrived, though its answer did not.
      if ((await this.read(id, version)) !== text) throw new CheckpointTakenError(id, version);
      return;
    }
    if (isStored(answer, body, sha256)) return;
    await this.remove(id, version);
    const what = `The bucket has stored other bytes as ${key} than were sent; they were removed`;
    throw new S3Error(what, { status: answer.status });
  }

  async read(id: string, version: number): Promise<string | undefined> {
    const key = this.#key(id, version);
    const answer = await this.#bucket.send({
      method: "GET",
      key,
      expected: [404],
      check: (got) => refuseDamaged(key, got),
    });
    return answer.status === 404 ? undefined : answer.body.toString("utf8");
  }

  async versions(id: string): Promise<readonly number[]> {
    const folder = this.#folder(id);
    const versions: number[] = [];
    let token: string | undefined;
    do {
      const answer = await this.#bucket.send({
        method: "GET",
        key: "",
        query: {
          "list-type": "2",
          prefix: folder,
          "max-keys": String(this.#pageSize),
          ...(token !== undefined && { "continuation-token": token }),
        },
        check: refuseNoList,
      });
      const xml = answer.body.toString("utf8");
      versions.push(...textsOf(xml, "Key").flatMap((key) => versionOf(key.slice(folder.length))));
      token = textOf(xml, "IsTruncated") === "true" ? nextOf(xml, token) : undefined;
    } while (token !== undefined);
    return versions.toSorted((a, b) => a - b);
  }

  async remove(id: string, version: number): Promise<void> {
    const key = this.#key(id, version);
    await this.#bucket.send({ method: "DELETE", key, expected: [404], check: refuseNoBucket });
  }

  #folder(id: string): string {
    return `${this.#prefix}${plainName(id)}/`;
  }

  /** Sixteen digits: keys are listed by their letters, and the greatest whole number has no more. */
  #key(id: string, version: number): string {
    return `${this.#folder(id)}${String(version).padStart(16, "0")}.json`;
  }
}

function versionOf(name: string): readonly number[] {
  const digits = /^(\d{16})\.json$/.exec(name)?.[1];
  return digits === undefined ? [] : [Number(digits)];
}

/** The same page again would be listed for ever. */
function nextOf(xml: string, before: string | undefined): string {
  const next = textOf(xml, "NextContinuationToken");
  if (next !== undefined && next !== "" && next !== before) return next;
  throw new S3Error("The bucket has more to list, and does not say how to go on", { status: 200 });
}

const hashOf = (algorithm: string, bytes: Uint8Array): Buffer =>
  createHash(algorithm).update(bytes).digest();

/**
 * Whether the server has what was sent, as far as it tells. An ETag is the MD5 of an object that is not
 * encrypted with a key of one's own; platforms that are held to FIPS have no MD5.
 */
function isStored({ headers }: BucketAnswer, body: Uint8Array, sha256: Buffer): boolean {
  const checksum = headers.get("x-amz-checksum-sha256");
  if (checksum !== null) return checksum === sha256.toString("base64");
  const etag = /^"?([0-9a-f]{32})"?$/.exec(headers.get("etag") ?? "")?.[1];
  const isEncrypted =
    /kms/.test(headers.get("x-amz-server-side-encryption") ?? "") ||
    headers.has("x-amz-server-side-encryption-customer-algorithm");
  if (etag === undefined || isEncrypted || getFips() === 1) return true;
  return etag === hashOf("md5", body).toString("hex");
}

/** No object is an answer; no bucket is a mistake. */
function refuseNoBucket({ status, body }: BucketAnswer): void {
  if (status !== 404 || textOf(body.toString("utf8"), "Code") !== "NoSuchBucket") return;
  throw new S3Error("There is no such bucket", { status, s3Code: "NoSuchBucket" });
}

function refuseDamaged(key: string, answer: BucketAnswer): void {
  refuseNoBucket(answer);
  const { status, headers, body } = answer;
  const written = headers.get(SHA256);
  if (status === 404 || written === null) return;
  if (written === hashOf("sha256", body).toString("hex")) return;
  const what = `${key} did not come as it was written: its hash is another`;
  throw new S3Error(what, { status, isTransient: true });
}

function refuseNoList({ status, body }: BucketAnswer): void {
  const xml = body.toString("utf8");
  if (/<ListBucketResult[\s>]/.test(xml) && /<\/ListBucketResult>\s*$/.test(xml)) return;
  throw new S3Error("The bucket answered a list with something else", {
    status,
    isTransient: true,
  });
}

// --- options -----------------------------------------------------------------------------------

const BUCKET_WORDS = "the name of a bucket: 3 to 63 small letters, digits, dots and hyphens";

function checkText(option: string, text: string, pattern: RegExp, words: string): string {
  if (typeof text === "string" && pattern.test(text)) return text;
  throw refused(option, words, text);
}

/** A segment of dots would be taken for a way up by all that read addresses. */
function checkPrefix(prefix: string): string {
  const isFit = typeof prefix === "string" && /^([\w.-]+(\/[\w.-]+)*\/?)?$/.test(prefix);
  if (isFit && prefix.length <= 500 && !/(^|\/)\.{1,2}(\/|$)/.test(prefix)) return prefix;
  throw refused("prefix", "letters, digits, '.', '_', '-' and '/' in between, at most 500", prefix);
}

/** What was given instead is not shown: it may be half of a secret. */
function checkCredentials(given: S3CheckpointOptions["credentials"]): typeof given {
  if (typeof given === "function") return given;
  const isWhole = [given?.accessKeyId, given?.secretAccessKey].every(
    (text) => typeof text === "string" && text !== "",
  );
  if (isWhole) return given;
  const words = "an accessKeyId and a secretAccessKey that are not empty, or a function";
  throw new RangeError(`credentials must be ${words} that gives them`);
}

function endpointOf({ endpoint, region }: S3CheckpointOptions): URL {
  const url = URL.parse(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const isWeb = url !== null && (url.protocol === "https:" || url.protocol === "http:");
  if (isWeb && url.username === "" && url.password === "" && url.search === "") return url;
  throw new RangeError(
    "endpoint must be the address of a service, http or https, without a name, a password or a question",
  );
}
