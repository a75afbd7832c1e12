/** Copies of this package as parts of one process; the process tests load two of them. */

import { expect, it, onTestFinished, vi } from "vitest";

import { processSlot, sharedBy } from "./process-slot.ts";

const SLOT = Symbol.for("kintsugi.calls");

it("all copies under one global object share one switch and one registry, which is not listed", () => {
  const global = {};
  const first = sharedBy(global);
  first.registry = "made by the first";
  expect(sharedBy(global)).toBe(first);
  expect(first.switch).toEqual({ isOn: true, turns: 0 });
  expect(Object.keys(global)).toEqual([]);
  expect(() => Object.assign(global, { [SLOT]: {} })).toThrow(TypeError);
  expect(sharedBy({})).not.toBe(first);
});

it("a copy shares beside one of another protocol, which keeps what it has", () => {
  const slot: Record<string, unknown> = { 0: "of an older one" };
  const global = { [SLOT]: slot };
  const shared = sharedBy(global);
  expect(sharedBy(global)).toBe(shared);
  expect(slot).toEqual({ 0: "of an older one", 1: shared });
});

it.each([
  ["holds something else", { [SLOT]: "taken" }],
  ["holds nothing", { [SLOT]: null }],
  ["holds what is frozen", { [SLOT]: Object.freeze({}) }],
  ["is frozen itself", Object.freeze({})],
])("a copy keeps to itself where the global object %s", (_, global) => {
  const shared = sharedBy(global);
  expect(shared).toEqual({ switch: { isOn: true, turns: 0 }, registry: undefined });
  expect(sharedBy(global)).not.toBe(shared);
});

it("the switch of a copy is as the environment says when it is first asked for", () => {
  vi.stubEnv("RESILIENCE_ENABLED", "off");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(sharedBy({}).switch.isOn).toBe(false);
  expect(processSlot()).toBe(processSlot());
});
