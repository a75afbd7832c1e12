import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";

import { settled } from "./fixtures/clocks.ts";
import { type AbortLink, hearAbort } from "./parent-signal.ts";

const left = new Error("user left");

function setup() {
  const controller = new AbortController();
  const { signal } = controller;
  const heard: string[] = [];
  const join = (name: string, then: () => void = () => {}): AbortLink =>
    hearAbort(signal, {
      forsake(reason) {
        expect(reason).toBe(left);
        heard.push(name);
        then();
      },
    });
  const listeners = (): number => getEventListeners(signal, "abort").length;
  return { controller, signal, heard, join, listeners };
}

describe("a parent signal", () => {
  it("has one listener for all, who hear of the abort in their order", () => {
    const { controller, heard, join, listeners } = setup();
    const names = Array.from({ length: 10_000 }, (_, index) => `${index}`);
    for (const name of names) join(name);
    expect(listeners()).toBe(1);
    controller.abort(left);
    expect(heard).toEqual(names);
  });

  it("has none a turn of the loop after the last has left", async () => {
    const { join, listeners } = setup();
    const links = [join("first"), join("second"), join("third")];
    links[1]?.leave();
    links[1]?.leave();
    links[0]?.leave();
    await settled();
    expect(listeners()).toBe(1);
    links[2]?.leave();
    await settled();
    expect(listeners()).toBe(0);
  });

  it("tells those who come after it had none", async () => {
    const { controller, heard, join, listeners } = setup();
    join("first").leave();
    await settled();
    join("second").leave();
    join("third");
    await settled();
    expect(listeners()).toBe(1);
    controller.abort(left);
    expect(heard).toEqual(["third"]);
  });

  it("tells the rest when one of them takes others along", () => {
    const { controller, heard, join } = setup();
    const links: AbortLink[] = [];
    links.push(join("first", () => links[1]?.leave()));
    links.push(join("second"), join("third"));
    controller.abort(left);
    expect(heard).toEqual(["first", "third"]);
  });

  it("has one listener also where calls under another come between", () => {
    const [one, other] = [setup(), setup()];
    for (const each of [one, other, one, other]) each.join("a call");
    expect([one.listeners(), other.listeners()]).toEqual([1, 1]);
  });

  it("is kept apart from other signals", async () => {
    const one = setup();
    const other = setup();
    for (let turn = 0; turn < 3; turn += 1) {
      one.join("one").leave();
      other.join("other").leave();
    }
    await settled();
    expect([one.listeners(), other.listeners()]).toEqual([0, 0]);
    one.join("mine");
    other.join("theirs");
    one.controller.abort(left);
    expect([one.heard, other.heard]).toEqual([["mine"], []]);
  });
});
