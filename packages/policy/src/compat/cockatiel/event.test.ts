import { describe, expect, it, vi } from "vitest";

import {
  BrokenCircuitError,
  BulkheadRejectedError,
  HydratingCircuitError,
  IsolatedCircuitError,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  isHydratingCircuitError,
  isIsolatedCircuitError,
  isTaskCancelledError,
  TaskCancelledError,
} from "./errors.ts";
import { Event, EventEmitter } from "./event.ts";

describe("an event", () => {
  it("reaches those who listen when it comes, in their order", () => {
    const emitter = new EventEmitter<number>();
    const heard: string[] = [];
    const first = emitter.addListener((value) => heard.push(`first ${value}`));
    emitter.emit(1);
    emitter.addListener((value) => heard.push(`second ${value}`));
    emitter.emit(2);
    first.dispose();
    first.dispose();
    emitter.emit(3);
    expect(heard).toEqual(["first 1", "first 2", "second 2", "second 3"]);
    expect(emitter.size).toBe(1);
  });

  it("reaches a listener as often as it was added", () => {
    const emitter = new EventEmitter<number>();
    const heard = vi.fn();
    const [once] = [emitter.addListener(heard), emitter.addListener(heard)];
    emitter.emit(1);
    once.dispose();
    once.dispose();
    emitter.emit(2);
    expect(heard).toHaveBeenCalledTimes(3);
  });

  it("reaches all who listened when it came, though one leaves", () => {
    const emitter = new EventEmitter<void>();
    const heard = vi.fn();
    const first = emitter.addListener(() => first.dispose());
    emitter.addListener(heard);
    emitter.emit();
    expect(heard).toHaveBeenCalledOnce();
  });

  it("can be heard once", () => {
    const emitter = new EventEmitter<number>();
    const heard = vi.fn();
    Event.once(emitter.addListener, heard);
    emitter.emit(1);
    emitter.emit(2);
    expect(heard.mock.calls).toEqual([[1]]);
    expect(emitter.size).toBe(0);
    Event.once(emitter.addListener, heard).dispose();
    emitter.emit(3);
    expect(heard).toHaveBeenCalledOnce();
  });

  it("can be heard once where it comes at once, and again", () => {
    const dispose = vi.fn();
    const heard = vi.fn();
    const remembered: Event<number> = (listener) => {
      listener(1);
      listener(2);
      return { dispose };
    };
    Event.once(remembered, heard);
    expect(heard.mock.calls).toEqual([[1]]);
    expect(dispose).toHaveBeenCalledOnce();
  });

  it("can be waited for", async () => {
    const emitter = new EventEmitter<number>();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const next = Promise.all([
      Event.toPromise(emitter.addListener),
      Event.toPromise(emitter.addListener, signal),
    ]);
    emitter.emit(7);
    await expect(next).resolves.toEqual([7, 7]);
    expect(emitter.size).toBe(0);
    expect(remove).toHaveBeenCalledOnce();
  });

  it("is waited for no longer than the signal says", async () => {
    const emitter = new EventEmitter<number>();
    const controller = new AbortController();
    const next = Event.toPromise(emitter.addListener, controller.signal);
    controller.abort();
    await expect(next).rejects.toBeInstanceOf(TaskCancelledError);
    const late = Event.toPromise(emitter.addListener, controller.signal);
    await expect(late).rejects.toBeInstanceOf(TaskCancelledError);
    expect(emitter.size).toBe(0);
  });
});

describe("an error of the policies", () => {
  const errors = {
    broken: new BrokenCircuitError(),
    isolated: new IsolatedCircuitError(),
    hydrating: new HydratingCircuitError(),
    full: new BulkheadRejectedError(1, 2),
    cancelled: new TaskCancelledError(),
  };

  it.each([
    ["broken", isBrokenCircuitError, ["broken", "isolated"]],
    ["isolated", isIsolatedCircuitError, ["isolated"]],
    ["hydrating", isHydratingCircuitError, ["hydrating"]],
    ["full", isBulkheadRejectedError, ["full"]],
    ["cancelled", isTaskCancelledError, ["cancelled"]],
  ] as const)("is known for %s by its guard, and no other is", (_name, isKnown, names) => {
    const known = Object.entries(errors).filter(([, error]) => isKnown(error));
    expect(known.map(([name]) => name)).toEqual(names);
    expect([undefined, null, "text", new Error()].some((other) => isKnown(other))).toBe(false);
  });

  it("has a name, and the message that it was given", () => {
    expect(new BrokenCircuitError("mine")).toMatchObject({
      name: "BrokenCircuitError",
      message: "mine",
      code: "KINTSUGI_CIRCUIT_OPEN",
    });
    expect(new TaskCancelledError("mine").message).toBe("mine");
    expect(new HydratingCircuitError("mine").message).toBe("mine");
    expect(errors.isolated).toBeInstanceOf(BrokenCircuitError);
  });
});
