import { Agent, getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";

import { answering, dropping, loopback } from "../fetch/fixtures/loopback.ts";
import { RetryPolicy } from "../retry/index.ts";
import { resilient } from "./index.ts";

/** The fetch of the platform itself, whose undici is another one than the package. */
function setup(failures: "throw" | "answer" = "throw"): void {
  const before = getGlobalDispatcher();
  const agent = new Agent();
  const policy = new RetryPolicy({ maxAttempts: 3, initialDelayMs: 1 });
  setGlobalDispatcher(agent.compose(resilient(policy, { failures })));
  onTestFinished(async () => {
    setGlobalDispatcher(before);
    await agent.destroy();
  });
}

describe("the platform's fetch under the interceptor", () => {
  it("is tried again", async () => {
    setup();
    const server = await loopback(dropping, answering(503), answering(200, "kept"));
    const answer = await fetch(server.origin);
    expect(await answer.text()).toBe("kept");
    expect(server.requests).toHaveLength(3);
  });

  it("gives its bodies as streams, so that a request with one is sent once", async () => {
    setup();
    const server = await loopback(answering(503));
    await expect(fetch(server.origin, { method: "PUT", body: "x" })).rejects.toMatchObject({
      cause: { name: "HttpError", status: 503 },
    });
    expect(server.requests).toHaveLength(1);
  });

  it("gets an answer that is a failure where that is wanted", async () => {
    setup("answer");
    const server = await loopback(answering(503, "we are closed", { "x-kind": "report" }));
    const answer = await fetch(server.origin);
    expect([answer.status, answer.headers.get("x-kind")]).toEqual([503, "report"]);
    expect(await answer.text()).toBe("we are closed");
  });

  it("can be aborted", async () => {
    setup();
    const server = await loopback(() => {});
    const caller = new AbortController();
    const sent = fetch(server.origin, { signal: caller.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    caller.abort(new Error("the user left"));
    await expect(sent).rejects.toThrow("the user left");
    await expect.poll(() => server.connections()).toBe(0);
  });
});
