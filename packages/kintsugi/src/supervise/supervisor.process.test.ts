import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { instancePaths, logFiles, ownProgram, systemHost } from "../host/index.ts";
import { memoryStore, openSqliteStore, type Store } from "../store/index.ts";
import { processSpec } from "./fixtures/lab.ts";
import { sweep } from "./strays.ts";
import { createSupervisor } from "./supervisor.ts";
import { tables } from "./tables.ts";
import type { ProcessComponentSpec } from "./types.ts";

/** Generous: this machine may be busy. */
const PATIENCE = { timeout: 30_000, interval: 20 };

const workerSpec = (mode: string, rest: Partial<ProcessComponentSpec> = {}) => {
  const program = ownProgram(new URL("./fixtures/worker.ts", import.meta.url), [mode]);
  return processSpec("web", { ...program, cwd: tmpdir(), heartbeatMs: 100, ...rest });
};

/** A data folder of its own; whatever runs of it is swept away at the end. */
const setup = () => {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-supervisor-"));
  const env = { ...process.env, XDG_RUNTIME_DIR: folder };
  const host = systemHost({ env });
  const paths = instancePaths(join(folder, "data"), env, { make: true });
  onTestFinished(async () => {
    await sweep(host, paths.instance);
    rmSync(folder, { recursive: true, force: true });
  });
  const supervise = async (spec: ProcessComponentSpec, store: Store, chaos = false) => {
    const onFatal = (error: Error): void => expect.unreachable(error.message);
    const supervisor = createSupervisor({
      host,
      store,
      paths,
      specs: [spec],
      chaos,
      sampleMs: 100,
      onFatal,
    });
    onTestFinished(() => supervisor.stop(0));
    await supervisor.start();
    const view = () => supervisor.get("web");
    const runs = (incarnation: number) =>
      vi.waitFor(() => expect(view()).toMatchObject({ phase: "running", incarnation }), PATIENCE);
    return { supervisor, view, runs };
  };
  const marked = () => host.processes.findMarked("KINTSUGI_INSTANCE", paths.instance);
  return { folder, host, paths, supervise, marked, newStore: () => memoryStore(host) };
};

const identityOf = (view: { readonly identity: unknown } | undefined) => {
  const { identity } = view ?? {};
  if (!identity) throw new Error("It has no process");
  return identity as ReturnType<typeof systemHost>["processes"]["self"];
};

describe("a real process under a supervisor", () => {
  it("comes back after kill -9, and is gone after stop", async () => {
    const { host, supervise, marked, newStore } = setup();
    const { supervisor, view, runs } = await supervise(workerSpec("well"), newStore());
    await runs(1);
    expect(host.processes.signal(identityOf(view()), "SIGKILL")).toBe(true);
    await runs(2);
    expect(view()?.lastExit?.reason).toEqual({ kind: "signalled", signal: "SIGKILL" });
    const last = identityOf(view());
    await supervisor.stop(10_000);
    expect(host.processes.isAlive(last)).toBe(false);
    expect(view()?.lastExit?.reason).toEqual({ kind: "exited", code: 0 });
    expect(marked()).toEqual([]);
  });

  it("is killed and revived when its loop hangs", async () => {
    const { supervise, newStore } = setup();
    const { supervisor, view, runs } = await supervise(workerSpec("well"), newStore(), true);
    await runs(1);
    supervisor.sendFault("web", { fault: "hang", ms: 600_000 });
    await vi.waitFor(() => expect(view()?.health.kind).toBe("critical"), PATIENCE);
    await supervisor.restart("web", "it hangs");
    await runs(2);
    expect(view()?.lastExit?.reason).toEqual({ kind: "signalled", signal: "SIGKILL" });
    const { hangs } = await supervisor.evidence("web");
    expect(hangs).toMatchObject([{ incarnation: 1, cpuMs: expect.any(Number) }]);
  });

  it("leaks and crashes on purpose, and both are seen", async () => {
    const { supervise, newStore } = setup();
    const { supervisor, view, runs } = await supervise(workerSpec("well"), newStore(), true);
    await runs(1);
    const before = view()?.rssBytes ?? 0;
    supervisor.sendFault("web", { fault: "leak", bytesPerSecond: 100 * 2 ** 20 });
    await vi.waitFor(
      () => expect((view()?.rssBytes ?? 0) - before).toBeGreaterThan(50 * 2 ** 20),
      PATIENCE,
    );
    supervisor.sendFault("web", { fault: "crash" });
    await runs(2);
    expect(view()?.lastExit).toMatchObject({
      reason: { kind: "exited", code: 1 },
      stderrTail: expect.stringContaining("A crash on purpose"),
    });
  });

  it("is killed at the deadline when it does not leave", async () => {
    const { host, supervise, newStore } = setup();
    const spec = workerSpec("stubborn", { shutdownMs: 500 });
    const { supervisor, view, runs } = await supervise(spec, newStore());
    await runs(1);
    const identity = identityOf(view());
    await supervisor.stop(20_000);
    expect(host.processes.isAlive(identity)).toBe(false);
  });

  it("takes its own children along when it dies", async () => {
    const { host, supervise, marked, newStore } = setup();
    const { command, args } = workerSpec("well");
    const script = `sleep 600 & exec "$0" "$@"`;
    const spec = workerSpec("well", {
      command: "/bin/sh",
      args: ["-c", script, command, ...(args ?? [])],
    });
    const { view, runs } = await supervise(spec, newStore());
    await runs(1);
    expect(marked()).toHaveLength(2);
    host.processes.signal(identityOf(view()), "SIGKILL");
    await runs(2);
    expect(marked().map(({ env }) => env["KINTSUGI_INCARNATION"])).toEqual(["2", "2"]);
  });

  it("says clearly why it cannot be started", async () => {
    const { supervise, newStore } = setup();
    const spec = processSpec("web", { command: "kintsugi-no-such-program" });
    const { view } = await supervise(spec, newStore());
    const reason = {
      kind: "spawn-failed",
      message: 'The program "kintsugi-no-such-program" was not found',
    };
    await vi.waitFor(() => expect(view()?.lastExit?.reason).toEqual(reason), PATIENCE);
  });

  it("crash-loops in sight of all, without a secret in its last words", async () => {
    const { supervise, newStore, paths, host } = setup();
    const store = newStore();
    const spec = workerSpec("crash", {
      env: { WORKER_SECRET: "open-sesame-42" },
      restart: { intensity: 2, initialDelayMs: 10 },
    });
    const { view } = await supervise(spec, store);
    await vi.waitFor(() => expect(view()?.phase).toBe("crash-looping"), PATIENCE);
    expect(view()?.lastExit).toMatchObject({
      reason: { kind: "exited", code: 3 },
      stderrTail: "The worker has no luck, and knows $WORKER_SECRET",
    });
    expect(JSON.stringify(await store.facts.latest(100))).not.toContain("sesame");
    expect(host.files.tail(logFiles(paths, "web").stderrFile, 1_000)).toContain("sesame");
  });
});

describe("a real process whose supervisor is killed", () => {
  it("serves on, and is adopted by the next supervisor with the same pid", async () => {
    const { folder, host, paths, supervise, marked } = setup();
    const spec = workerSpec("well", { env: { WORKER_SECRET: "unchanged" } });
    const first = host.processes.spawn({
      ...ownProgram(new URL("./fixtures/supervising.ts", import.meta.url), [
        paths.dataDir,
        JSON.stringify(spec),
      ]),
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", XDG_RUNTIME_DIR: folder },
      stdoutFile: join(folder, "supervising.out.log"),
      stderrFile: join(folder, "supervising.err.log"),
    });
    const supervising = identityOf({ identity: first.identity });
    onTestFinished(() => void host.processes.signal(supervising, "SIGKILL", true));
    const worker = await vi.waitFor(() => {
      expect(marked()).toHaveLength(1);
      return marked()[0]?.identity;
    }, PATIENCE);
    host.processes.signal(supervising, "SIGKILL");
    await first.exited;
    expect(marked().map(({ identity }) => identity)).toEqual([worker]);

    const store = await openSqliteStore({ file: paths.store, clock: host.clock, tables });
    onTestFinished(() => store.close());
    const { supervisor, view, runs } = await supervise(spec, store);
    await runs(1);
    expect(view()).toMatchObject({ adopted: true, identity: worker });
    await vi.waitFor(() => expect(view()?.lastBeatAtMs).not.toBeNull(), PATIENCE);

    host.processes.signal(identityOf(view()), "SIGKILL");
    await runs(2);
    expect(view()?.lastExit?.reason).toEqual({ kind: "unknown" });
    await supervisor.stop(10_000);
    expect(marked()).toEqual([]);
  });
});
