import { inspect } from "node:util";

import { systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";

import { checkpointStoreConformance } from "../../../testing/index.ts";
import { type Fault, KEYS, S3Server, type S3ServerOptions } from "../fixtures/s3-server.ts";
import { type S3CheckpointOptions, s3Checkpoints } from "./s3-checkpoints.ts";

/** Waits are told, and over at once; other timers are the system's. */
function quickClock() {
  const waits: number[] = [];
  const after = (ms: number, fn: () => void) => {
    if (ms < 50 || ms > 10_000) return systemClock.after(ms, fn); // No wait between attempts.
    waits.push(ms);
    return systemClock.after(0, fn);
  };
  return { waits, clock: { ...systemClock, after } };
}

const TIMEOUT_MS = 20_000;

/** A name that no server of names knows: the request comes here, and says which host was meant. */
const toThisMachine: typeof fetch = (input, init) => {
  const url = new URL(String(input));
  const headers = { ...(init?.headers as Record<string, string>), "x-meant-for": url.host };
  url.hostname = "127.0.0.1";
  return fetch(url, { ...init, headers });
};

async function setup(
  options: Partial<S3CheckpointOptions> = {},
  serverOptions: S3ServerOptions = {},
) {
  const server = new S3Server(serverOptions);
  const endpoint = await server.listen();
  onTestFinished(() => server.close());
  const { waits, clock } = quickClock();
  const made = (): ReturnType<typeof s3Checkpoints> =>
    s3Checkpoints({
      bucket: "states",
      region: "test-1",
      endpoint,
      credentials: KEYS,
      timeout: TIMEOUT_MS,
      clock,
      ...options,
    });
  const failing = (...faults: (Fault | "")[]) => (server.faults = faults);
  return { server, waits, make: made, store: made(), failing, endpoint };
}

const conformance = (
  name: string,
  options: Partial<S3CheckpointOptions>,
  serverOptions: S3ServerOptions = {},
) =>
  checkpointStoreConformance({
    name,
    describe,
    it,
    async open() {
      const { store, make, server } = await setup(options, serverOptions);
      return { store, another: async () => make(), dispose: async () => server.close() };
    },
  });

conformance("checkpoints in a bucket", { prefix: "some/place.of_ours" });
conformance(
  "checkpoints in a bucket that is named in the host, in pages of 7",
  { addressing: "virtual-host", pageSize: 7, fetch: toThisMachine },
  { virtualHost: true },
);

describe("a bucket in trouble", () => {
  it.each<Fault>(["slow-down", "reset", "lost-answer", "conflict"])(
    "is asked again after an answer that is none (%s), and a version is written once",
    async (fault) => {
      const { server, store, waits, failing } = await setup();
      failing(fault, fault);
      await store.write("crawl", 1, "text");
      expect(waits).toHaveLength(fault === "lost-answer" ? 1 : 2);
      failing();
      await expect(store.read("crawl", 1)).resolves.toBe("text");
      await expect(store.write("crawl", 1, "other")).rejects.toMatchObject({
        code: "KINTSUGI_CHECKPOINT_TAKEN",
      });
      expect(server.objects.size).toBe(1);
    },
  );

  it.each<Fault>(["slow-down", "reset", "cut", "garbled"])(
    "is asked again for what does not come as it was written (%s)",
    async (fault) => {
      const { store, waits, failing } = await setup();
      await store.write("crawl", 1, "text");
      failing(fault, fault, fault);
      await expect(store.read("crawl", 1)).resolves.toBe("text");
      expect(waits).toHaveLength(3);
    },
  );

  it.each<Fault>(["slow-down", "reset", "cut", "half-list"])(
    "is asked again for a list that is none (%s)",
    async (fault) => {
      const { store, failing } = await setup({ pageSize: 1 });
      for (const version of [1, 2, 3]) await store.write("crawl", version, "text");
      failing("", fault, fault);
      await expect(store.versions("crawl")).resolves.toEqual([1, 2, 3]);
    },
  );

  it("is given up on after the attempts that there are, with one sentence", async () => {
    const { server, store, failing, endpoint } = await setup({ maxAttempts: 3 });
    failing("slow-down", "slow-down", "slow-down");
    await expect(store.write("crawl", 1, "text")).rejects.toMatchObject({
      code: "KINTSUGI_S3",
      status: 503,
      s3Code: "SlowDown",
      message:
        `The bucket "states" at ${endpoint.slice(7)} answered PUT crawl/0000000000000001.json with 503 ` +
        "SlowDown: Please reduce your request rate.",
    });
    expect(server.heard).toHaveLength(3);
    failing("reset", "reset", "reset");
    await expect(store.versions("crawl")).rejects.toMatchObject({
      status: 0,
      message: expect.stringMatching(
        /^The bucket "states" at \S+ did not answer a list: .*(ECONNRESET|closed|terminated)/,
      ),
    });
  });

  it("that says nothing is left when the time is up", async () => {
    const { store, failing } = await setup({ timeout: 50, maxAttempts: 2, clock: systemClock });
    failing("silent", "silent");
    await expect(store.read("crawl", 1)).rejects.toMatchObject({
      code: "KINTSUGI_TIMEOUT",
      message: expect.stringContaining('a request to bucket "states"'),
    });
  });

  it("that has stored something else is found out by its ETag, and that is removed", async () => {
    const { server, store, failing } = await setup();
    failing("wrong-store");
    await expect(store.write("crawl", 1, "text")).rejects.toThrow(
      /stored other bytes as crawl\/0+1\.json than were sent; they were removed$/,
    );
    expect(server.objects.size).toBe(0);
    await store.write("crawl", 1, "text");
  });

  it("that lies elsewhere is not followed there with our signature, and it is said where", async () => {
    const { store, failing } = await setup();
    failing("moved");
    await expect(store.read("crawl", 1)).rejects.toThrow(
      /with 301 PermanentRedirect: It lies elsewhere\. \(it lies in region eu-west-3, not test-1\)$/,
    );
  });

  it("that does not exist is no empty one", async () => {
    const { store } = await setup({ bucket: "other" });
    const missing = { s3Code: "NoSuchBucket", status: 404 };
    await expect(store.read("crawl", 1)).rejects.toMatchObject(missing);
    await expect(store.versions("crawl")).rejects.toMatchObject(missing);
    await expect(store.remove("crawl", 1)).rejects.toMatchObject(missing);
    await expect(store.write("crawl", 1, "x")).rejects.toMatchObject(missing);
  });

  it("that knows no conditions is looked at first", async () => {
    const { store } = await setup({ conditionalPut: false }, { isConditional: false });
    await store.write("crawl", 1, "text");
    await store.write("crawl", 1, "text");
    await expect(store.write("crawl", 1, "other")).rejects.toMatchObject({ version: 1 });
    await expect(store.read("crawl", 1)).resolves.toBe("text");
  });
});

describe("credentials", () => {
  it("are asked for anew before each request where they are lent", async () => {
    let asked = 0;
    const credentials = async () => {
      asked += 1;
      return { ...KEYS, sessionToken: asked === 2 ? "too old" : KEYS.sessionToken };
    };
    const { store } = await setup({ credentials });
    await store.write("crawl", 1, "text");
    await expect(store.read("crawl", 1)).rejects.toMatchObject({ s3Code: "InvalidToken" });
    await expect(store.read("crawl", 1)).resolves.toBe("text");
  });

  it("that are wrong are refused by the service, which is not asked twice", async () => {
    const { server, store } = await setup({ credentials: { ...KEYS, secretAccessKey: "wrong" } });
    await expect(store.versions("crawl")).rejects.toMatchObject({
      s3Code: "SignatureDoesNotMatch",
      status: 403,
    });
    expect(server.heard).toHaveLength(1);
  });

  it("are in no error, nor in what is shown of the store", async () => {
    const { server, store, failing, make } = await setup({ maxAttempts: 1 });
    const thrown: unknown[] = [store, make()];
    for (const fault of ["parrot", "reset", "slow-down", "moved", "cut"] as const) {
      failing(fault);
      await store.versions("crawl").catch((error: unknown) => thrown.push(error));
    }
    server.close();
    await store.read("crawl", 1).catch((error: unknown) => thrown.push(error));
    expect(thrown).toHaveLength(8);
    const seen = inspect(thrown, { depth: 20, showHidden: true }) + JSON.stringify(thrown);
    for (const secret of Object.values(KEYS)) expect(seen).not.toContain(secret);
    expect(seen).toContain("with 403 AccessDenied: *** & *** & ***");
  });
});

describe("an option that cannot be used", () => {
  const make = (options: object) => () =>
    s3Checkpoints({ bucket: "states", region: "test-1", credentials: KEYS, ...options });

  it.each([
    [{ bucket: "Not A Bucket" }, /^bucket must be the name of a bucket: 3 to 63 .*, got "Not A/],
    [{ bucket: undefined }, /^bucket must be .*, got undefined$/],
    [{ region: "" }, /^region must be the name of a region, got ""$/],
    [{ prefix: "../up" }, /^prefix must be letters, .*, got "\.\.\/up"$/],
    [{ prefix: "a//b" }, /^prefix must be/],
    [{ prefix: "/a" }, /^prefix must be/],
    [{ pageSize: 1_001 }, /^pageSize must be a whole number from 1 to 1000, got 1001$/],
    [{ maxAttempts: 0 }, /^maxAttempts must be a whole number of at least 1, got 0$/],
    [{ timeout: "soon" }, /^A duration is .*, got "soon"$/],
    [{ endpoint: "ftp://a" }, /^endpoint must be the address of a service, http or https/],
    [{ endpoint: "minio:9000" }, /^endpoint must be the address/],
    [{ endpoint: `https://me:${KEYS.sessionToken}@a` }, /^endpoint must be [^@]*$/],
    [{ credentials: { accessKeyId: "a" } }, /^credentials must be an accessKeyId and a secret/],
    [{ credentials: undefined }, /^credentials must be/],
  ])("is refused when the store is made: %j", (options, message) => {
    expect(make(options)).toThrow(RangeError);
    expect(make(options)).toThrow(message);
  });

  it("is none of those that have a default", () => {
    expect(make({})).not.toThrow();
  });
});
