import type { ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { Bulkhead } from "../bulkhead/index.ts";
import { CircuitBreaker } from "../circuit-breaker/index.ts";
import { answering, dropping, loopback } from "../fetch/fixtures/loopback.ts";
import type { AnswerListener } from "./dispatch.ts";
import { retry, setup } from "./fixtures/agent.ts";
import type { ResilientDispatchOptions } from "./index.ts";

type Callback = keyof AnswerListener;

const hinting = (response: ServerResponse): void => {
  response.writeEarlyHints({ link: "</style.css>; rel=preload" });
  response.end("ok");
};

/** Sends a request whose reader throws in some of its callbacks; `said` is what the reader has heard. */
async function throwingIn(
  callbacks: readonly Callback[],
  options: ResilientDispatchOptions = {},
  answer: ReturnType<typeof answering> = answering(200, "ok"),
) {
  const server = await loopback(answer);
  const bulkhead = new Bulkhead({ name: "b", maxConcurrent: 1 });
  const circuit = new CircuitBreaker({ name: "c", failureThreshold: 1 });
  const broken = new Error("the reader is broken");
  const said: [Callback, ...unknown[]][] = [];
  const hear =
    (name: Callback) =>
    (...rest: unknown[]): void => {
      said.push(name === "onResponseError" ? [name, rest[1]] : [name]);
      if (callbacks.includes(name)) throw broken;
    };
  const reader = {
    onRequestStart: hear("onRequestStart"),
    onResponseStart: hear("onResponseStart"),
    onResponseData: hear("onResponseData"),
    onResponseEnd: hear("onResponseEnd"),
    onResponseError: hear("onResponseError"),
    onResponseStarted: hear("onResponseStarted"),
    onBodySent: hear("onBodySent"),
    onRequestSent: hear("onRequestSent"),
  };
  const sent = { origin: server.origin, path: "/", method: "PUT", body: "x" } as const;
  const dispatcher = setup([retry(), bulkhead, circuit], options);
  dispatcher.dispatch(sent, reader);
  await expect.poll(() => said.at(-1)?.[0]).toBe("onResponseError");
  await expect.poll(() => bulkhead.stats().running).toBe(0);
  return { server, circuit, broken, said };
}

describe.each(["headers", "end"] as const)("a reader that throws, held until %s", (holdUntil) => {
  it.each([
    ["onRequestStart", 0],
    ["onRequestSent", 1],
    ["onBodySent", 1],
    ["onResponseStarted", 1],
    ["onResponseStart", 1],
    ["onResponseData", 1],
    ["onResponseEnd", 1],
  ] as const)("in %s is told of it, once, and nothing follows", async (callback, most) => {
    const { server, circuit, broken, said } = await throwingIn([callback], { holdUntil });
    expect(said.slice(-2)).toEqual([[callback], ["onResponseError", broken]]);
    expect(server.requests.length).toBeLessThanOrEqual(most);
    expect(circuit.state).toMatchObject({ kind: "closed", failures: 0 });
  });

  it("at what comes before the answer gets no second attempt", async () => {
    const { server, broken, said } = await throwingIn(["onResponseStart"], { holdUntil }, hinting);
    expect(said.slice(-2)).toEqual([["onResponseStart"], ["onResponseError", broken]]);
    expect(server.requests).toHaveLength(1);
  });
});

it("a reader that throws at a failure that it is given as an answer hears nothing more of it", async () => {
  const options = { failures: "answer" } as const;
  const failing = answering(500, "we are closed");
  const { broken, said } = await throwingIn(["onResponseStart"], options, failing);
  expect(said.slice(-2)).toEqual([["onResponseStart"], ["onResponseError", broken]]);
});

it("a reader that throws when it hears of an error breaks nothing, and its error is reported", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  for (const [callback, options, answer] of [
    ["onRequestSent", {}, answering(200)],
    ["onResponseEnd", {}, answering(200)],
    ["onResponseStart", { failures: "answer" }, answering(500)],
    ["onResponseError", {}, dropping],
  ] as const) {
    const { broken, said } = await throwingIn([callback, "onResponseError"], options, answer);
    expect(said.filter(([name]) => name === "onResponseError")).toHaveLength(1);
    expect(warn.mock.calls).toEqual([["A listener threw:", broken]]);
    warn.mockClear();
  }
});
