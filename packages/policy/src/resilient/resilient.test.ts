import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest";

import { eagerClock } from "../base/fixtures/clocks.ts";
import { ResilientExecutor } from "../executor/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import { resilient } from "./resilient.ts";

const retry = () => new RetryPolicy({ maxAttempts: 3, clock: eagerClock() });

/** Fails twice, then counts what it is called with. */
function setup() {
  const calls: { readonly self: unknown; readonly args: readonly unknown[] }[] = [];
  function add(this: unknown, left: number, right: number): number {
    calls.push({ self: this, args: [left, right] });
    if (calls.length < 3) throw new Error("not yet");
    return left + right;
  }
  return { add, calls };
}

describe("a function that was made resilient", () => {
  it("is tried again, with its arguments and its this", async () => {
    const { add, calls } = setup();
    const self = { add: resilient(retry())(add) };
    await expect(self.add(1, 2)).resolves.toBe(3);
    expect(calls).toEqual(Array.from({ length: 3 }, () => ({ self, args: [1, 2] })));
    expectTypeOf(self.add).toEqualTypeOf<
      (this: unknown, l: number, r: number) => Promise<number>
    >();
  });

  it("keeps its name and its length", () => {
    const wrapped = resilient(retry())(setup().add);
    expect([wrapped.name, wrapped.length]).toEqual(["add", 2]);
    expect(Object.getOwnPropertyDescriptor(wrapped, "name")?.configurable).toBe(true);
  });

  it("runs under an executor, and throws what the call threw", async () => {
    const broken = new Error("broken");
    const fails = resilient(new ResilientExecutor({ name: "quotes" }))(() =>
      Promise.reject(broken),
    );
    await expect(fails()).rejects.toBe(broken);
  });

  it("answers what the executor's fallback answers", async () => {
    const executor = new ResilientExecutor({ name: "quotes", fallback: () => "yesterday's" });
    const quote = resilient(executor)((symbol: string) => {
      if (symbol !== "") throw new Error("down");
      return 7;
    });
    await expect(quote("ACME")).resolves.toBe("yesterday's");
    expectTypeOf(quote).returns.toEqualTypeOf<Promise<string | number>>();
  });

  it("runs under a row of policies, the outermost first", async () => {
    const { add } = setup();
    const wrapped = resilient([retry(), new TimeoutPolicy({ timeoutMs: 1_000 })])(add);
    await expect(wrapped(2, 2)).resolves.toBe(4);
  });

  it("gets the signal of the attempt in place of its caller's", async () => {
    const caller = new AbortController();
    const seen: AbortSignal[] = [];
    const wrapped = resilient(new TimeoutPolicy({ timeoutMs: 1_000 }))(
      async (_: string, { signal }: { readonly signal?: AbortSignal }) => {
        if (signal) seen.push(signal);
        caller.abort(new Error("the user left"));
        await new Promise((_, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason)),
        );
      },
    );
    await expect(wrapped("a", { signal: caller.signal })).rejects.toThrow("the user left");
    expect(seen[0]).not.toBe(caller.signal);
  });

  it("keeps what stands beside the signal, and what stands before", async () => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const send = resilient(new TimeoutPolicy({ timeoutMs: 1_000 }))(
      (...args: readonly [address: string, port: number, init: object]) => void seen.push(...args),
    );
    await send("here", 80, { method: "PUT", signal });
    await send("there", 80, Object.assign(Object.create(null), { method: "PUT", signal }));
    const init = { method: "PUT", signal: expect.any(AbortSignal) };
    expect(seen).toEqual(["here", 80, init, "there", 80, init]);
    const given = [seen[2], seen[5]] as readonly { readonly signal: AbortSignal }[];
    expect(given.map((each) => each.signal === signal)).toEqual([false, false]);
  });

  it("gets a last argument that is no plain object untouched", async () => {
    class Query {
      readonly signal = new AbortController().signal;
    }
    const wrapped = resilient(retry())((query: Query | undefined | null) => query);
    const query = new Query();
    await expect(wrapped(query)).resolves.toBe(query);
    await expect(wrapped(undefined)).resolves.toBeUndefined();
    await expect(wrapped(null)).resolves.toBeNull();
  });
});

describe("what cannot be made resilient", () => {
  it.each([
    [
      undefined,
      "A call is made through an executor, a policy or a list of policies, got undefined",
    ],
    [null, "A call is made through an executor, a policy or a list of policies, got null"],
    [
      {},
      "A call is made through an executor, a policy or a list of policies, got an object without execute()",
    ],
    [[retry(), 7], "A call is made through an executor, a policy or a list of policies, got 7"],
  ])("is refused where it is said (%#)", (resilience, sentence) => {
    expect(() => resilient(resilience as never)).toThrow(new TypeError(sentence));
  });

  it("is everything but functions and methods", () => {
    const decorate = resilient(retry()) as (...args: readonly unknown[]) => unknown;
    expect(() => decorate(7)).toThrow("resilient() decorates a function, got number");
    expect(() => decorate(undefined, { kind: "field" })).toThrow(
      "resilient() decorates a method, got field",
    );
    expect(() => decorate(() => 7, { kind: "getter" })).toThrow(
      "resilient() decorates a method, got getter",
    );
    expect(() => decorate({}, "quote")).toThrow('resilient() decorates a method, got "quote"');
    expect(() => decorate({}, "quote", { get: () => 7 })).toThrow(
      'resilient() decorates a method, got "quote"',
    );
  });
});

/** Decorators as a user writes them; the compiler turns them into calls, in the one way or the other. */
const program = (source: string): string => `
import type { resilient } from "${join(source, "index.ts")}";
import type { Policy } from "${join(source, "../base/index.ts")}";
export const declare = (decorate: typeof resilient, policy: Policy) => {
  class Quotes {
    calls = 0;
    constructor(readonly price: number) {}
    @decorate(policy)
    async quote(symbol: string): Promise<string> {
      this.calls += 1;
      if (this.calls < 3) throw new Error("not yet");
      return symbol + " " + this.price;
    }
    @decorate([policy])
    static async market(): Promise<string> { return this.name; }
  }
  const typed: Promise<string> = new Quotes(0).quote("A");
  typed.catch(() => {});
  return Quotes;
};
`;

interface Quotes {
  readonly calls: number;
  quote(symbol: string): Promise<string>;
}

async function compiled(kind: "standard" | "legacy") {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-decorator-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "quotes.mts");
  const source = relative(folder, import.meta.dirname);
  writeFileSync(file, program(source));
  const root = join(import.meta.dirname, "../../../..");
  const compiler = join(root, "node_modules/.bin/tsc");
  const switches = ["--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"];
  const paths = ["--rootDir", "/", "--outDir", join(folder, "out"), "--noEmitOnError", "false"];
  const lax = ["--rewriteRelativeImportExtensions", "--lib", "es2024,esnext.disposable"];
  lax.push("--types", "node", "--typeRoots", join(root, "node_modules/@types"));
  if (kind === "legacy") lax.push("--experimentalDecorators");
  execFileSync(compiler, [file, ...switches, ...paths, ...lax, "--ignoreConfig"], {
    encoding: "utf8",
  });
  const out = join(folder, "out", relative("/", file).replace(/\.mts$/, ".mjs"));
  const { declare } = (await import(pathToFileURL(out).href)) as {
    declare(
      decorate: typeof resilient,
      policy: RetryPolicy,
    ): { market(): Promise<string>; new (price: number): Quotes };
  };
  return declare(resilient, retry());
}

describe.each(["standard", "legacy"] as const)("a method under a %s decorator", (kind) => {
  it("is tried again with its this, static or not, and keeps its types", async () => {
    const Quotes = await compiled(kind);
    const quotes = new Quotes(7);
    await expect(quotes.quote("ACME")).resolves.toBe("ACME 7");
    expect(quotes.calls).toBe(3);
    await expect(Quotes.market()).resolves.toBe("Quotes");
    expect(Object.keys(quotes)).not.toContain("quote");
  });
});
