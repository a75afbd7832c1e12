import { describe, expect, it } from "vitest";

import { simulatedWorld } from "../testing/index.ts";
import { EventLog, readWatchdogEvents } from "./event-log.ts";

const path = "/watchdog-events.jsonl";

function setup() {
  const host = simulatedWorld({ seed: 1 }).host();
  let isFull = false;
  const files = {
    ...host.files,
    append(file: string, text: string): void {
      if (isFull) throw new Error("ENOSPC");
      host.files.append(file, text);
    },
  };
  const open = (): EventLog => new EventLog({ ...host, files, path, self: host.processes.self });
  return {
    files,
    open,
    fill: (full: boolean) => {
      isFull = full;
    },
    pids: () => readWatchdogEvents(files, path).map(({ payload }) => payload["pid"]),
  };
}

describe("the watchdog's log", () => {
  it("gives back what was written, each with an id of its own", () => {
    const { files, open } = setup();
    const log = open();
    const written = [log.add("watchdog.started", {}), log.add("runtime.started", { pid: 1 })];
    expect(readWatchdogEvents(files, path)).toEqual(written);
    expect(new Set(written.map(({ id }) => id)).size).toBe(2);
  });

  it("is empty where there is none", () => {
    expect(readWatchdogEvents(setup().files, path)).toEqual([]);
  });

  it("holds what a full disk does not take, up to a bound, and writes it later", () => {
    const { open, fill, pids } = setup();
    const log = open();
    fill(true);
    for (let pid = 1; pid <= 250; pid += 1) log.add("runtime.crashed", { pid });
    expect(pids()).toEqual([]);
    fill(false);
    log.flush();
    expect(pids()).toEqual(Array.from({ length: 200 }, (_, index) => index + 51));
    log.flush();
    expect(pids()).toHaveLength(200);
  });

  it("loses only the line that a crash cut off", () => {
    const { files, open, pids } = setup();
    open().add("runtime.started", { pid: 1 });
    files.append(path, '{"id":"half');
    open().add("runtime.started", { pid: 2 });
    files.append(path, 'null\n{"id":1}\n');
    expect(pids()).toEqual([1, 2]);
  });

  it("keeps one file before the one that it writes, and no more", () => {
    const { files, open, pids } = setup();
    const log = open();
    const padding = "x".repeat(100_000);
    for (let pid = 1; pid <= 20; pid += 1) log.add("runtime.crashed", { pid, padding });
    expect(files.sizeBytes(path)).toBeLessThan(700_000);
    expect(files.sizeBytes(`${path}.1`)).toBeLessThan(700_000);
    expect(pids().at(-1)).toBe(20);
    expect(pids()).toEqual(pids().toSorted((a, b) => Number(a) - Number(b)));
  });
});
