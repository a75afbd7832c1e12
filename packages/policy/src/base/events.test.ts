import { describe, expect, it, vi } from "vitest";

import { Listeners, notify, reportError } from "./events.ts";

const bad = new Error("bad listener");

describe("a listener that fails", () => {
  it.each([
    {
      how: "at once",
      listener: () => {
        throw bad;
      },
    },
    { how: "later", listener: async () => Promise.reject(bad) },
  ])("is reported, when it fails $how, and hurts nobody", async ({ listener }) => {
    const report = vi.fn();
    expect(() => notify(listener, "event", report)).not.toThrow();
    await vi.waitFor(() => expect(report.mock.calls).toEqual([[bad]]));
  });

  it("reaches the console when the reporter fails too, and the platform has none", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    notify(
      () => {},
      "event",
      () => {},
    );
    notify(
      () => Promise.reject(bad),
      "event",
      () => {
        throw new Error("bad reporter");
      },
    );
    await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce());
    warn.mockRestore();
  });

  it("reaches the platform when it fails at once, and the reporter too", () => {
    const platform = vi.fn();
    vi.stubGlobal("reportError", platform);
    const worse = new Error("bad reporter");
    const fail = (error: Error) => () => {
      throw error;
    };
    expect(() => notify(fail(bad), "event", fail(worse))).not.toThrow();
    vi.unstubAllGlobals();
    expect(platform.mock.calls).toEqual([[worse]]);
  });

  it("goes to the platform's reportError where there is one", () => {
    const platform = vi.fn();
    vi.stubGlobal("reportError", platform);
    reportError(bad);
    vi.unstubAllGlobals();
    expect(platform.mock.calls).toEqual([[bad]]);
  });
});

it("tells a listener before it returns", () => {
  const listener = vi.fn();
  notify(listener, "event", reportError);
  expect(listener.mock.calls).toEqual([["event"]]);
});

describe("listeners", () => {
  it("are told in the order in which they came, until they are removed", () => {
    const listeners = new Listeners<string>();
    const heard: string[] = [];
    const removeFirst = listeners.add((event) => void heard.push(`first ${event}`));
    listeners.add((event) => void heard.push(`second ${event}`));
    listeners.tell("a");
    removeFirst();
    removeFirst();
    listeners.tell("b");
    expect(heard).toEqual(["first a", "second a", "second b"]);
  });

  it("are told once for each time that they were added", () => {
    const listeners = new Listeners<string>();
    const listener = vi.fn();
    const remove = listeners.add(listener);
    listeners.add(listener);
    listeners.tell("a");
    remove();
    listeners.tell("b");
    expect(listener.mock.calls).toEqual([["a"], ["a"], ["b"]]);
  });

  it("hear the rest of the house even when one of them throws", () => {
    const platform = vi.fn();
    vi.stubGlobal("reportError", platform);
    const listeners = new Listeners<string>();
    const listener = vi.fn();
    listeners.add(async () => Promise.reject(bad));
    listeners.add(listener);
    listeners.tell("a");
    expect(listener).toHaveBeenCalledOnce();
    return vi
      .waitFor(() => expect(platform.mock.calls).toEqual([[bad]]))
      .finally(() => vi.unstubAllGlobals());
  });

  it("say whether there is anybody", () => {
    const listeners = new Listeners<string>();
    expect(listeners.isHeard).toBe(false);
    const remove = listeners.add(() => {});
    expect(listeners.isHeard).toBe(true);
    remove();
    expect(listeners.isHeard).toBe(false);
  });

  it("are refused when there are so many that only a leak explains them", () => {
    const listeners = new Listeners<string>();
    for (let count = 0; count < 1_000; count += 1) listeners.add(() => {});
    expect(() => listeners.add(() => {})).toThrow(RangeError);
  });
});
