import { describe, expect, it } from "vitest";

import type { Shelf } from "./browser.ts";
import { openSession } from "./session.ts";

function setup(fragment: string, answer?: { status: number; body?: object }, kept?: string) {
  const stored = new Map(kept === undefined ? [] : [["kintsugi.session", kept]]);
  const shelf: Shelf = {
    get: (key) => stored.get(key) ?? null,
    set: (key, value) => void (value === null ? stored.delete(key) : stored.set(key, value)),
  };
  const sent: string[] = [];
  let cleared = 0;
  const session = openSession({
    fetch: async (address, { body }) => {
      sent.push(`${address} ${String(body)}`);
      if (!answer) throw new TypeError("refused");
      return Response.json(answer.body ?? {}, { status: answer.status });
    },
    shelf,
    fragment,
    clearFragment: () => {
      cleared += 1;
    },
  });
  return { session, sent, stored, cleared: () => cleared };
}

describe("an address with a code", () => {
  it("gives the code for a session, once, and clears the address at once", async () => {
    const { session, sent, stored, cleared } = setup("#code=abc", {
      status: 201,
      body: { token: "t" },
    });
    expect(cleared()).toBe(1);
    expect(await session).toEqual({ kind: "open", token: "t" });
    expect(sent).toEqual(['/api/v1/sessions {"code":"abc"}']);
    expect([...stored.values()]).toEqual(["t"]);
  });

  it("says that the code was used or is too old", async () => {
    const { session } = setup("#code=abc", { status: 401 });
    expect(await session).toEqual({ kind: "locked", why: "old-code" });
  });

  it("goes on with the session of the tab when the code is refused", async () => {
    const { session } = setup("#code=abc", { status: 401 }, "kept");
    expect(await session).toEqual({ kind: "open", token: "kept" });
  });

  it("keeps the code while nobody answers, as it may still be good", async () => {
    expect(await setup("#code=abc").session).toEqual({ kind: "unreachable", code: "abc" });
    expect(await setup("#code=abc", { status: 503 }).session).toMatchObject({
      kind: "unreachable",
    });
  });

  it("says that the session could not be written, which uses the code up", async () => {
    const body = { error: { code: "KINTSUGI_SESSION_UNSTORED", message: "The disk is full" } };
    const { session } = setup("#code=abc", { status: 503, body });
    expect(await session).toEqual({ kind: "locked", why: "unstored" });
    const kept = setup("#code=abc", { status: 503, body }, "kept");
    expect(await kept.session).toEqual({ kind: "open", token: "kept" });
  });

  it("trusts no answer without a token", async () => {
    const { session } = setup("#code=abc", { status: 201, body: { token: 7 } });
    expect(await session).toEqual({ kind: "locked", why: "old-code" });
  });
});

describe("an address without a code", () => {
  it("opens with the session of the tab and asks nobody", async () => {
    const { session, sent, cleared } = setup("", undefined, "kept");
    expect(await session).toEqual({ kind: "open", token: "kept" });
    expect([sent, cleared()]).toEqual([[], 0]);
  });

  it("is locked without one", async () => {
    expect(await setup("#now").session).toEqual({ kind: "locked", why: "no-code" });
  });
});
