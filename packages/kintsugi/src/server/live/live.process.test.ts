import { systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../client/client.ts";
import { runningServer } from "../fixtures/running-server.ts";
import { applyDelta, applySnapshot } from "./apply.ts";
import type { LiveSnapshot } from "./views.ts";

const setup = async () => {
  const running = await runningServer({ runtime: { clock: systemClock } });
  const client = createClient({ url: running.server.url, token: "read", fetch });
  return { ...running, client };
};

describe("a client of the live feed over a socket", () => {
  it("gets a snapshot, then what happens", async () => {
    const { client, facts } = await setup();
    facts.add("a.b", "c.d");
    let screen: LiveSnapshot | undefined;
    const writing = setInterval(() => facts.add("e.f"), 5);
    onTestFinished(() => clearInterval(writing));
    for await (const message of client.live(new AbortController().signal)) {
      if (message.kind === "snapshot") screen = applySnapshot(screen, message.snapshot);
      else if (screen) screen = applyDelta(screen, message.delta);
      if (message.id > 100) break;
    }
    expect(screen?.facts.map(({ id }) => id)).toEqual(
      Array.from({ length: screen?.facts.length ?? 0 }, (_, index) => index + 1),
    );
    expect(screen?.components.map(({ name }) => name)).toEqual(["web"]);
  });
});
