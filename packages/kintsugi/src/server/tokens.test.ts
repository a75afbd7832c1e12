import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { manualClock } from "../testing/index.ts";
import { TokensUnreadableError } from "./errors.ts";
import { ensureCliToken, reaches, type Scope, tokenStore } from "./tokens.ts";

const paths = { tokens: "/d/tokens.json", cliToken: "/d/cli-token" };

function setup(written: Readonly<Record<string, string>> = {}) {
  const stored = new Map(Object.entries(written));
  const modes = new Map<string, number | undefined>();
  let reads = 0;
  const files = {
    read(path: string) {
      reads += 1;
      return stored.get(path);
    },
    writeAtomic(path: string, text: string, mode?: number) {
      stored.set(path, text);
      modes.set(path, mode);
    },
  };
  const clock = manualClock();
  const errors: unknown[] = [];
  const random = seededRandom("tokens");
  return {
    stored,
    modes,
    clock,
    errors,
    countReads: () => reads,
    ensure: () => ensureCliToken({ files, random, paths }),
    store: tokenStore({ files, clock, random, paths, onError: (error) => errors.push(error) }),
  };
}

describe("the token of the command line", () => {
  it("is made once, and lies where only its owner can read it", () => {
    const { ensure, stored, modes } = setup();
    const token = ensure();
    expect(token).toMatch(/^kintsugi_[0-9a-f]{64}$/);
    expect(ensure()).toBe(token);
    expect(stored.get(paths.cliToken)).toBe(`${token}\n`);
    expect(stored.get(paths.tokens)).not.toContain(token);
    expect([...modes.values()]).toEqual([0o600, 0o600]);
  });

  it("opens everything but the models", () => {
    const { ensure, store } = setup();
    const token = ensure();
    expect(store.find(token)).toEqual({ name: "cli", scopes: ["admin"] });
    expect(store.find(`${token}0`)).toBeUndefined();
  });

  it.each([paths.cliToken, paths.tokens])("is made anew when %s has gone", (gone) => {
    const { ensure, stored, store, clock } = setup();
    const first = ensure();
    stored.delete(gone);
    const second = ensure();
    expect(second).not.toBe(first);
    clock.advanceSync(1_000);
    expect(store.find(second)?.name).toBe("cli");
    expect(store.find(first)).toBeUndefined();
  });

  it("leaves the tokens of others where they are", () => {
    const other = { name: "grafana", scopes: ["read"], hash: "a".repeat(64) };
    const { ensure, stored } = setup({ [paths.tokens]: JSON.stringify({ v: 1, tokens: [other] }) });
    ensure();
    ensure();
    const { tokens } = JSON.parse(stored.get(paths.tokens) ?? "");
    expect(tokens.map(({ name }: { name: string }) => name)).toEqual(["grafana", "cli"]);
  });
});

describe("a file of tokens that is not what we wrote", () => {
  it.each([
    "",
    "{",
    "null",
    "[]",
    '{"v":2,"tokens":[]}',
    '{"v":1,"tokens":[null]}',
    '{"v":1,"tokens":[{"name":"x","scopes":["root"],"hash":""}]}',
    `{"v":1,"tokens":[{"name":"x","scopes":["root"],"hash":"${"a".repeat(64)}"}]}`,
    `{"v":1,"tokens":[{"name":"x","scopes":[],"hash":"${"a".repeat(63)}"}]}`,
  ])("lets nobody in and is not written over: %s", (text) => {
    const { ensure, store, stored, errors } = setup({ [paths.tokens]: text });
    expect(store.find("anything")).toBeUndefined();
    expect(errors).toEqual([expect.any(TokensUnreadableError)]);
    expect(ensure).toThrow(TokensUnreadableError);
    expect(stored.get(paths.tokens)).toBe(text);
  });
});

describe("a store of tokens", () => {
  it("reads its file at most once a second", () => {
    const { store, clock, countReads, ensure } = setup();
    for (let asked = 0; asked < 100; asked += 1) store.find("x");
    expect(countReads()).toBe(1);
    const token = ensure();
    expect(store.find(token)).toBeUndefined();
    clock.advanceSync(1_000);
    expect(store.find(token)).toBeDefined();
  });

  it("knows nobody any more when its file has become unreadable", () => {
    const { ensure, stored, store, clock, errors } = setup();
    const token = ensure();
    expect(store.find(token)).toBeDefined();
    stored.set(paths.tokens, "{");
    clock.advanceSync(1_000);
    expect(store.find(token)).toBeUndefined();
    expect(errors.length).toBe(1);
  });

  it("knows a token until it expires", () => {
    const { ensure, stored, store, clock } = setup();
    const token = ensure();
    const list = JSON.parse(stored.get(paths.tokens) ?? "");
    list.tokens[0].expiresAtMs = clock.epochMs() + 5_000;
    stored.set(paths.tokens, JSON.stringify(list));
    expect(store.find(token)).toBeDefined();
    clock.advanceSync(5_000);
    expect(store.find(token)).toBeUndefined();
  });

  it("does not look at a token that is too long to be one", () => {
    const { store, countReads } = setup();
    expect(store.find("x".repeat(257))).toBeUndefined();
    expect(countReads()).toBe(0);
  });
});

describe("a session", () => {
  const HOUR_MS = 3_600_000;

  it("is known at once, and for twelve hours", () => {
    const { store, clock, stored, modes } = setup();
    expect(store.find("x")).toBeUndefined(); // The file was just read.
    const { token, expiresAtMs, scopes } = store.openSession(4_600);
    expect([expiresAtMs - clock.epochMs(), scopes]).toEqual([12 * HOUR_MS, ["operate"]]);
    expect(store.find(token)).toEqual({ name: "dashboard", scopes, sessionPort: 4_600 });
    expect(stored.get(paths.tokens)).not.toContain(token);
    expect(modes.get(paths.tokens)).toBe(0o600);
    clock.advanceSync(12 * HOUR_MS);
    expect(store.find(token)).toBeUndefined();
  });

  it("leaves the tokens of others alone, also those that have expired", () => {
    const by = (name: string) => ({ name, scopes: ["read"], hash: "a".repeat(64) });
    const tokens = [by("grafana"), { ...by("old"), expiresAtMs: 1 }];
    const { store, ensure, stored, clock } = setup({
      [paths.tokens]: JSON.stringify({ v: 1, tokens }),
    });
    const cli = ensure();
    const first = store.openSession(4_600);
    clock.advanceSync(12 * HOUR_MS);
    store.openSession(4_600);
    const names = (): readonly string[] =>
      JSON.parse(stored.get(paths.tokens) ?? "").tokens.map(({ name }: { name: string }) => name);
    expect(names()).toEqual(["grafana", "old", "cli", "dashboard"]);
    expect(ensure()).toBe(cli);
    expect(names()).toEqual(["grafana", "old", "cli", "dashboard"]);
    expect([store.find(cli)?.name, store.find(first.token)]).toEqual(["cli", undefined]);
  });

  it("makes room for a newer one when there are too many", () => {
    const { store, stored, clock } = setup();
    const opened = Array.from({ length: 51 }, () => {
      clock.advanceSync(1);
      return store.openSession(4_600).token;
    });
    expect(JSON.parse(stored.get(paths.tokens) ?? "").tokens).toHaveLength(50);
    expect(opened.map((token) => store.find(token) !== undefined)).toEqual([
      false,
      ...Array(50).fill(true),
    ]);
  });

  it("sees a token that somebody wrote into the file meanwhile, and keeps it", () => {
    const { store, stored } = setup();
    store.find("x");
    const other = { name: "grafana", scopes: ["read"], hash: "a".repeat(64) };
    stored.set(paths.tokens, JSON.stringify({ v: 1, tokens: [other] }));
    store.openSession(4_600);
    expect(stored.get(paths.tokens)).toContain("grafana");
  });

  it("is not stored over a file that is not ours", () => {
    const { store, stored } = setup({ [paths.tokens]: "{" });
    expect(() => store.openSession(4_600)).toThrow(TokensUnreadableError);
    expect(stored.get(paths.tokens)).toBe("{");
  });
});

describe("a scope", () => {
  const all: readonly Scope[] = ["read", "infer", "operate", "admin"];

  it.each<[Scope, readonly Scope[]]>([
    ["read", ["read"]],
    ["infer", ["infer"]],
    ["operate", ["read", "operate"]],
    ["admin", ["read", "operate", "admin"]],
  ])("%s reaches %j", (held, reached) => {
    expect(all.filter((needed) => reaches([held], needed))).toEqual(reached);
  });
});
