import { once } from "node:events";
import { describe, expect, it } from "vitest";

import { settled } from "../../base/fixtures/clocks.ts";
import { CircuitBreaker } from "./breaker.ts";
import { Emitter } from "./emitter.ts";

const setup = () => {
  const reported: unknown[] = [];
  const emitter = new Emitter<{ readonly news: readonly [text: string, count: number] }>((error) =>
    reported.push(error),
  );
  const heard: unknown[] = [];
  const hear =
    (name: string) =>
    (...args: unknown[]): void =>
      void heard.push([name, ...args]);
  return { emitter, heard, hear, reported };
};

describe("an emitter", () => {
  it("tells all listeners in their order, with itself for `this`", () => {
    const { emitter, heard, hear } = setup();
    emitter.on("news", hear("second")).addListener("news", hear("third"));
    emitter.prependListener("news", function (this: unknown) {
      heard.push(this);
    });
    expect(emitter.emit("news", "rain", 1)).toBe(true);
    expect(heard).toEqual([emitter, ["second", "rain", 1], ["third", "rain", 1]]);
    emitter.emit("news", "sun", 2);
    expect(heard).toHaveLength(6);
    expect(emitter.emit("silence")).toBe(false);
  });

  it("tells once who wants to hear once", () => {
    const { emitter, heard, hear } = setup();
    emitter.once("news", hear("last")).prependOnceListener("news", hear("first"));
    emitter.emit("news", "rain", 1);
    emitter.emit("news", "sun", 2);
    expect(heard).toEqual([
      ["first", "rain", 1],
      ["last", "rain", 1],
    ]);
    expect(emitter.eventNames()).toEqual([]);
  });

  it("forgets one at a time, the one that came last first", () => {
    const { emitter, heard, hear } = setup();
    const [one, other] = [hear("one"), hear("other")];
    emitter.on("news", one).on("news", other).on("news", one);
    expect(emitter.listenerCount("news")).toBe(3);
    expect(emitter.listenerCount("news", one)).toBe(2);
    emitter.off("news", one).removeListener("news", hear("nobody"));
    expect(emitter.listeners("news")).toEqual([one, other]);
    expect(emitter.rawListeners("news")).toEqual([one, other]);
    emitter.emit("news", "rain", 1);
    expect(heard).toHaveLength(2);
  });

  it("forgets all of an event, or all", () => {
    const { emitter, hear } = setup();
    const mark = Symbol("mark");
    emitter.on("news", hear("a")).on("weather", hear("b")).on(mark, hear("c"));
    expect(emitter.eventNames()).toEqual(["news", "weather", mark]);
    emitter.removeAllListeners("news");
    expect(emitter.eventNames()).toEqual(["weather", mark]);
    emitter.removeAllListeners();
    expect(emitter.eventNames()).toEqual([]);
    expect(setup().emitter.removeAllListeners().eventNames()).toEqual([]);
  });

  it("tells those who listened when it began to, whoever comes and goes meanwhile", () => {
    const { emitter, heard, hear } = setup();
    const late = hear("late");
    emitter.on("news", () => emitter.on("news", late));
    emitter.once("news", hear("once"));
    emitter.emit("news", "rain", 1);
    expect(heard).toEqual([["once", "rain", 1]]);
    emitter.emit("news", "sun", 2);
    expect(heard).toHaveLength(2);
  });

  it("reports what a listener throws, now or later, and goes on", async () => {
    const { emitter, heard, hear, reported } = setup();
    emitter.on("news", () => {
      throw new Error("now");
    });
    emitter.on("news", async () => Promise.reject(new Error("later")));
    emitter.on("news", hear("behind"));
    expect(emitter.emit("news", "rain", 1)).toBe(true);
    expect(heard).toHaveLength(1);
    await settled();
    expect(reported).toEqual([new Error("now"), new Error("later")]);
  });

  it("takes functions only, and any number of them", () => {
    const { emitter, hear } = setup();
    expect(() => emitter.on("news", "me" as never)).toThrow(
      new TypeError("A listener must be a function, got string"),
    );
    for (let count = 0; count < 100; count += 1) emitter.on("news", hear("one of many"));
    expect(emitter.setMaxListeners(10).getMaxListeners()).toBe(Infinity);
    expect(emitter.listenerCount("news")).toBe(100);
  });
});

describe("a breaker as an emitter", () => {
  it("lists the events that it counts, for who joins all of them to figures", () => {
    const breaker = new CircuitBreaker(async () => {});
    const counted = breaker.eventNames();
    expect(counted).toHaveLength(13);
    breaker.on("success", () => {}).on("halfOpen", () => {});
    expect(breaker.eventNames()).toEqual([...counted, "halfOpen"]);
  });

  it("can be waited for by Node's own means", async () => {
    const breaker = new CircuitBreaker(async (word: string) => word);
    const success = once(breaker as never, "success");
    await breaker.fire("hello");
    expect((await success)[0]).toBe("hello");
  });
});
