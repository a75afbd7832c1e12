import { describe, expect, it, vi } from "vitest";

import type { Connection } from "../../host/index.ts";
import { simulatedWorld } from "./simulated-world.ts";

const path = "/data/a.sock";

const setup = async () => {
  const world = simulatedWorld({ seed: 3 });
  world.paths("/data");
  const server = world.host();
  const client = world.host();
  const accepted: Connection[] = [];
  const listening = server.sockets.listen(path, (connection) => accepted.push(connection));
  const socketServer = await world.clock.until(listening);
  const dial = async (): Promise<{ here: Connection; there: Connection }> => {
    const here = await world.clock.until(client.sockets.connect(path));
    await world.clock.run(world.clock.monotonicMs() + 5);
    const there = accepted.at(-1);
    if (!there) throw new Error("Nobody was accepted");
    return { here, there };
  };
  const settle = () => world.clock.run(world.clock.monotonicMs() + 10);
  return { world, server, client, socketServer, dial, settle };
};

describe("a simulated connection", () => {
  it("brings what was written in order, also what came before anybody listened", async () => {
    const { dial, settle } = await setup();
    const { here, there } = await dial();
    for (let index = 0; index < 100; index += 1) here.write(`${index},`);
    await settle();
    let text = "";
    there.onData((part) => {
      text += part;
    });
    for (let index = 100; index < 200; index += 1) here.write(`${index},`);
    expect(text).not.toContain("100,");
    await settle();
    expect(text).toBe(Array.from({ length: 200 }, (_, index) => `${index},`).join(""));
  });

  it("brings the last words before the end, and the end once", async () => {
    const { dial, settle } = await setup();
    const { here, there } = await dial();
    const heard: string[] = [];
    there.onData((text) => heard.push(text));
    there.onClose(() => heard.push("end"));
    here.write("goodbye");
    here.close();
    here.close();
    here.write("lost");
    await settle();
    expect(heard).toEqual(["goodbye", "end"]);
  });

  it("tells the end to a side that asks late, and to the one that closed", async () => {
    const { dial, settle } = await setup();
    const { here, there } = await dial();
    here.close();
    await settle();
    const heard = vi.fn();
    here.onClose(() => heard("here"));
    there.onClose(() => heard("there"));
    await settle();
    expect(heard.mock.calls).toEqual([["here"], ["there"]]);
  });

  it("ends when the program at its other side is killed, after what that had written", async () => {
    const { server, dial, settle } = await setup();
    const { here, there } = await dial();
    const heard: string[] = [];
    here.onData((text) => heard.push(text));
    here.onClose(() => heard.push("end"));
    there.write("last");
    server.kill();
    await settle();
    expect(heard).toEqual(["last", "end"]);
  });

  it("keeps what is sent to a program that hangs, and is cut when that is too much", async () => {
    const { server, dial, settle } = await setup();
    const { here, there } = await dial();
    const heard: string[] = [];
    there.onData((text) => heard.push(text));
    server.hang();
    here.write("early");
    await settle();
    expect(heard).toEqual([]);
    server.resume();
    await settle();
    expect(heard).toEqual(["early"]);

    const cut = vi.fn();
    here.onClose(cut);
    server.hang();
    for (let index = 0; index < 20; index += 1) here.write("x".repeat(65_536));
    await settle();
    expect(cut).toHaveBeenCalledOnce();
  });
});

describe("a simulated socket", () => {
  it("has one listener at a time, and is free again when that has closed or died", async () => {
    const { world, server, client, socketServer } = await setup();
    const taken = client.sockets.listen(path, () => {});
    await expect(world.clock.until(taken)).rejects.toThrow("Another process listens");
    await world.clock.until(socketServer.close());
    await world.clock.until(server.sockets.listen(path, () => {}));
    server.kill();
    await world.clock.until(client.sockets.listen(path, () => {}));
  });

  it("closes its connections with it, and then nobody answers", async () => {
    const { world, client, socketServer, dial } = await setup();
    const { here } = await dial();
    const ended = vi.fn();
    here.onClose(ended);
    await world.clock.until(socketServer.close());
    await world.clock.run(world.clock.monotonicMs() + 5);
    expect(ended).toHaveBeenCalledOnce();
    await expect(world.clock.until(client.sockets.connect(path))).rejects.toMatchObject({
      code: "KINTSUGI_SOCKET_UNREACHABLE",
    });
  });
});

describe("the simulated web", () => {
  it("answers by the longest prefix", async () => {
    const { world, client } = await setup();
    world.route("http://model/v1/chat", async (request) => {
      const { prompt } = (await request.json()) as { prompt: string };
      return Response.json({ answer: prompt.toUpperCase() }, { status: 201 });
    });
    world.route("http://model/", () => new Response("all"));
    const body = JSON.stringify({ prompt: "hello" });
    const response = await world.clock.until(
      client.fetch("http://model/v1/chat/completions", { method: "POST", body }),
    );
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ answer: "HELLO" });
    const other = await world.clock.until(client.fetch("http://model/health"));
    expect(await other.text()).toBe("all");
  });

  it("refuses where nobody answers, and breaks where the answer throws", async () => {
    const { world, client } = await setup();
    const remove = world.route("http://model/", () => {
      throw new Error("crash");
    });
    const cause = (code: string) => ({ name: "TypeError", cause: { code } });
    const ask = () => world.clock.until(client.fetch("http://model/"));
    await expect(ask()).rejects.toMatchObject(cause("ECONNRESET"));
    remove();
    await expect(ask()).rejects.toMatchObject(cause("ECONNREFUSED"));
  });

  it("can be given up", async () => {
    const { world, client } = await setup();
    world.route("http://model/", () => new Promise(() => {}));
    const controller = new AbortController();
    client.clock.after(1_000, () => controller.abort(new Error("too slow")));
    const { signal } = controller;
    await expect(world.clock.until(client.fetch("http://model/", { signal }))).rejects.toThrow(
      "too slow",
    );
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(1_000);
    await expect(client.fetch("http://model/", { signal })).rejects.toThrow("too slow");
  });

  it("depends on the program that serves: late while it hangs, broken when it dies", async () => {
    const { world, server, client } = await setup();
    server.process.serve("http://model/", () => new Response("served"));
    server.hang(3_000);
    const late = await world.clock.until(client.fetch("http://model/"));
    expect(await late.text()).toBe("served");
    expect(world.clock.monotonicMs()).toBeGreaterThan(3_000);
    server.hang();
    const broken = client.fetch("http://model/");
    client.clock.after(500, () => server.kill());
    await expect(world.clock.until(broken)).rejects.toMatchObject({
      cause: { code: "ECONNRESET" },
    });
    await expect(world.clock.until(client.fetch("http://model/"))).rejects.toMatchObject({
      cause: { code: "ECONNREFUSED" },
    });
  });
});
