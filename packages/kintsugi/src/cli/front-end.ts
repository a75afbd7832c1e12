/**
 * The front end of a program that runs: it starts the watchdog, shows what happens, and stops all when it
 * is ended. It has no state: whatever it looks at lives on without it.
 */

import { orAborted, sleep } from "@kintsugi/policy/base";

import { type Client, createClient } from "../server/client/index.ts";
import {
  type Follower,
  type FollowerHooks,
  hasRole,
  type LineEnd,
  livingProcesses,
  type Role,
  type WatchdogEvent,
  type WatchdogView,
} from "../watchdog/index.ts";
import { type CommandContext, whoTypes } from "./context.ts";
import { CommandError, DONE, FAILED, WRONG } from "./exit-codes.ts";
import { factLine, watchdogLine } from "./live-lines.ts";
import { readyLines, waitingLines } from "./ready-lines.ts";
import { dial, REFUSED_CONFIGURATION, type StartOptions, startWatchdog } from "./start-watchdog.ts";
import { reportLeft, takeDown, within } from "./take-down.ts";
import { clockTime, span } from "./text.ts";
import { countWaiting } from "./waiting.ts";

interface FrontEndOptions {
  readonly context: CommandContext;
  /** The program's name. */
  readonly name: string;
  readonly program: Omit<StartOptions, "boot">;
  /** Whether the program shows its figures to Prometheus. */
  readonly showsMetrics: boolean;
  /** Leaves when the program is ready, and lets it run. */
  readonly detach: boolean;
}

/** Time in which a living runtime is expected to bring the next watchdog by itself. */
const SUCCESSOR_PATIENCE_MS = 3_000;

/** Time in which the program must be ready, where nobody stays to see it. */
const READY_PATIENCE_MS = 60_000;

/** Time in which a watchdog that said goodbye has ended. */
const GOODBYE_PATIENCE_MS = 3_000;

/**
 * A runtime that is ready answers at once, on a busy machine after seconds. One that does not is hung or
 * dead, which is told in its own time; its address is said all the same.
 */
const ANSWER_PATIENCE_MS = 10_000;

/** More than a watchdog tells again. */
const MOST_TOLD = 50;

const LOOK_MS = 50;

export class FrontEnd {
  readonly #options: FrontEndOptions;
  readonly #hooks: FollowerHooks;
  readonly #ready: PromiseWithResolvers<"ready"> = Promise.withResolvers();
  #follower: Follower | undefined;
  /** The runtime that was last seen ready. */
  #readyPid: number | undefined;
  /** Where the runtime was that was last said to be ready. */
  #saidUrl: string | undefined;
  /** The last word on a runtime that is ready; the next one waits for it. */
  #announced: Promise<void> = Promise.resolve();
  /** Ends the stream of facts of one runtime. */
  #facts = new AbortController();
  #lastFactId: number | undefined;
  /** Events that were shown; a watchdog tells its last ones again on every line. */
  #toldIds: readonly string[] = [];
  readonly #startedAtMs: number;

  constructor(options: FrontEndOptions) {
    this.#options = options;
    this.#startedAtMs = options.context.host.clock.epochMs();
    this.#hooks = {
      onView: (view) => this.#show(view),
      onEvent: (event) => this.#tell(event),
    };
  }

  /** Resolves with the exit code. @throws {@link CommandError} when the program cannot be started. */
  async run(): Promise<number> {
    const { interrupted } = this.#options.context;
    try {
      return await orAborted(this.#follow(), interrupted);
    } catch (error) {
      if (!interrupted.aborted) throw error;
      return await this.#stopAll(String(interrupted.reason));
    } finally {
      this.#facts.abort();
      this.#follower?.close();
    }
  }

  async #follow(): Promise<number> {
    const { context, program, detach } = this.#options;
    this.#follower = await startWatchdog(context, program, this.#hooks);
    for (;;) {
      const { ended } = this.#follower;
      // In the foreground its end stops all: also an end that leaves no time for a word.
      const why = "`up` was killed";
      if (!detach) this.#follower.bequeath({ form: "down", by: whoTypes(context), why });
      const readyOrEnded = Promise.race([this.#ready.promise, ended]);
      const end = detach
        ? await within(context.host.clock, READY_PATIENCE_MS, readyOrEnded)
        : await ended;
      if (end === "ready") return DONE;
      if (end === undefined) throw notReady();
      const code = this.#judge(end);
      if (code !== undefined) {
        await this.#until(GOODBYE_PATIENCE_MS, () => !this.#lives("watchdog"));
        return code;
      }
      this.#follower = await this.#successor();
    }
  }

  /** The exit code that an end means; undefined when the program lives on, or should. */
  #judge(end: LineEnd): number | undefined {
    const { context, detach } = this.#options;
    if (end.kind === "lost") return undefined;
    if (end.code !== 0) {
      context.terminal.err(end.message);
      return end.code === REFUSED_CONFIGURATION ? WRONG : FAILED;
    }
    if (this.#lives("runtime")) return undefined; // The watchdog alone was asked to leave.
    context.terminal.out(end.message || "The program has stopped");
    return detach ? FAILED : DONE;
  }

  /** A living runtime brings its next watchdog itself; where both have died, it is up to us. */
  async #successor(): Promise<Follower> {
    const { context, program } = this.#options;
    this.#print(`${clockTime(context.host.clock.epochMs())}  watchdog.lost`);
    let follower: Follower | undefined;
    await this.#until(SUCCESSOR_PATIENCE_MS, async () => {
      follower = await dial(context, program.paths, this.#hooks);
      return follower !== undefined || !this.#lives("runtime");
    });
    if (follower) return follower;
    return startWatchdog(context, { ...program, boot: true }, this.#hooks);
  }

  #lives(role: Role): boolean {
    const { context, program } = this.#options;
    return livingProcesses(context.host, program.paths.instance).some((each) =>
      hasRole(each, role),
    );
  }

  /** Looks until `isSo`, for no longer than `ms`. */
  async #until(ms: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const { host, interrupted } = this.#options.context;
    const startedMs = host.clock.monotonicMs();
    while (!(await isSo()) && host.clock.monotonicMs() - startedMs < ms) {
      await sleep(host.clock, LOOK_MS, interrupted);
    }
  }

  #show({ phase, url, runtimePid }: WatchdogView): void {
    if (phase !== "running" || url === null || runtimePid === null) return;
    if (runtimePid === this.#readyPid) return;
    this.#readyPid = runtimePid;
    this.#announced = this.#announced.then(() => this.#announce(url, runtimePid));
  }

  async #announce(url: string, runtimePid: number): Promise<void> {
    const { context, detach } = this.#options;
    const before = this.#saidUrl;
    this.#saidUrl = url;
    const time = clockTime(context.host.clock.epochMs());
    const move = url === before ? "" : `  it is at ${url} now: \`kintsugi dashboard\` opens it`;
    const lines =
      before === undefined
        ? await this.#readyLines(url)
        : [`${time}  runtime.ready  pid ${runtimePid}${move}`];
    for (const line of lines) this.#print(line);
    this.#ready.resolve("ready");
    if (!detach) void this.#showFacts(url);
  }

  async #readyLines(url: string): Promise<readonly string[]> {
    const { name, showsMetrics, detach } = this.#options;
    const client = this.#client(url);
    const [answer, waiting] = await Promise.all([
      this.#asked((signal) => client.sessionCode(signal)),
      this.#asked((signal) => countWaiting(client, signal)),
    ]);
    const program = { name, url, code: answer?.code, showsMetrics, isDetached: detach };
    return [...readyLines(program), ...waitingLines(waiting)];
  }

  /** What the runtime answers in its time; undefined from one that died or hangs. */
  async #asked<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const patience = new AbortController();
    const { clock } = this.#options.context.host;
    const answer = await within(clock, ANSWER_PATIENCE_MS, ask(patience.signal)).catch(
      () => undefined,
    );
    patience.abort();
    return answer;
  }

  #client(url: string): Client {
    const { context, program } = this.#options;
    const token = context.host.files.read(program.paths.cliToken)?.trim();
    return createClient({ url, ...(token && { token }), fetch: context.host.fetch });
  }

  /** One runtime's facts, until it ends; those that were missed in between come first. */
  async #showFacts(url: string): Promise<void> {
    this.#facts.abort();
    this.#facts = new AbortController();
    const { signal } = this.#facts;
    try {
      for await (const event of this.#client(url).events(signal, this.#lastFactId)) {
        if (event.kind === "fact") this.#lastFactId = event.fact.id;
        this.#print(factLine(event));
      }
    } catch {
      // The runtime has ended, which the watchdog tells; the next one's facts follow on.
    }
  }

  #tell(event: WatchdogEvent): void {
    if (event.atMs < this.#startedAtMs || this.#toldIds.includes(event.id)) return;
    this.#toldIds = [...this.#toldIds, event.id].slice(-MOST_TOLD);
    this.#print(watchdogLine(event));
  }

  #print(line: string | undefined): void {
    if (line !== undefined) this.#options.context.terminal.out(line);
  }

  async #stopAll(signal: string): Promise<number> {
    const { context, program } = this.#options;
    context.terminal.out("Stopping everything (once more kills it) ...");
    const why = signal === "SIGINT" ? "Ctrl-C" : `\`up\` was ended by ${signal}`;
    const request = { form: "down", by: whoTypes(context), why } as const;
    return reportLeft(context, await takeDown(context, program.paths, request));
  }
}

const notReady = (): CommandError =>
  new CommandError(
    FAILED,
    `It was not ready within ${span(READY_PATIENCE_MS)} and is tried on: \`kintsugi status\` and ` +
      "`kintsugi logs runtime` say more, `kintsugi down` stops it",
  );
