/** The commands and their options. What a command does is imported when it is called. */

import { KintsugiError } from "@kintsugi/policy/base";
import { Command, CommanderError, InvalidArgumentError } from "commander";

import type { CommandContext } from "./context.ts";
import { CommandError, DONE, FAILED, NOT_RUNNING, WRONG } from "./exit-codes.ts";
import { declareDeadLetters, declareRunDeeds } from "./run-commands.ts";

/** Options of every command that is about a running program. */
interface Shared {
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
  readonly why?: string;
}

/** Does what the arguments say. Never throws: what goes wrong is a sentence on stderr and an exit code. */
export async function runCommandLine(
  args: readonly string[],
  context: CommandContext,
  version: string,
): Promise<number> {
  const { terminal } = context;
  let exitCode = DONE;
  const root = declare(context, version, (code) => {
    exitCode = code;
  });
  try {
    await root.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG;
    for (const line of sentenceOf(error).split("\n")) terminal.err(line);
    return exitCodeOf(error);
  }
}

type Report = (exitCode: number) => void;

function declare(context: CommandContext, version: string, report: Report): Command {
  const print = (write: (line: string) => void) => (text: string) => {
    for (const line of text.trimEnd().split("\n")) write(line);
  };
  const root = new Command("kintsugi")
    .description("Keeps programs, their processes and their long work alive.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .configureOutput({
      writeOut: print(context.terminal.out),
      writeErr: print(context.terminal.err),
    })
    .showHelpAfterError("(add --help for all options)")
    .enablePositionalOptions() // What stands behind the name of a command is for the command.
    .exitOverride();
  declareStarting(root, context, report);
  declareRun(root, context, report);
  declareStopping(root, context, report);
  declareShowing(root, context, report);
  declareConfig(root, context, report);
  return root;
}

function declareStarting(root: Command, context: CommandContext, report: Report): void {
  root
    .command("up [file]")
    .alias("start")
    .description("start the program and follow it; Ctrl-C stops everything")
    .option("-d, --detach", "leave when the program is ready, and let it run")
    .option("--data-dir <folder>", "data folder, in place of the one in the file")
    .action(async (file: string | undefined, { detach = false, ...rest }: UpFlags) => {
      const { up } = await import("./commands/up.ts");
      report(await up(context, { ...rest, ...(file !== undefined && { file }), detach }));
    });
  about(root.command("restart [component]"))
    .description("restart a component, or the whole runtime")
    .option("--why <reason>", "written into the log")
    .action(async (component: string | undefined, options: Shared) => {
      if (component === undefined) {
        const { restartRuntime } = await import("./commands/stopping.ts");
        report(await restartRuntime(context, options));
      } else {
        const { restartComponent } = await import("./commands/showing.ts");
        report(await restartComponent(context, { ...options, component }));
      }
    });
}

function declareRun(root: Command, context: CommandContext, report: Report): void {
  about(root.command("run <workflow> [input]"))
    .description("start one run with an input of JSON, and follow it; Ctrl-C leaves it going")
    .option("--id <id>", "names the run: the same id never starts a second one")
    .option("--json", "print JSON")
    .option("--no-wait", "leave when the run is started")
    .action(async (workflow: string, input: string | undefined, options: RunFlags) => {
      const { run } = await import("./commands/run.ts");
      const { json = false, ...rest } = options;
      report(
        await run(context, { ...rest, workflow, ...(input !== undefined && { input }), json }),
      );
    });
}

function declareStopping(root: Command, context: CommandContext, report: Report): void {
  about(root.command("down"))
    .alias("stop")
    .description("stop everything in order; `up` starts it again")
    .option("--why <reason>", "written into the kill switch")
    .action(async (options: Shared) => {
      const { down } = await import("./commands/stopping.ts");
      report(await down(context, options));
    });
  about(root.command("kill"))
    .description("kill everything at once; nothing starts it again before `resume`")
    .option("--why <reason>", "written into the kill switch")
    .action(async (options: Shared) => {
      const { kill } = await import("./commands/stopping.ts");
      report(await kill(context, options));
    });
  about(root.command("resume"))
    .description("lift the kill switch")
    .action(async (options: Shared) => {
      const { resume } = await import("./commands/stopping.ts");
      report(await resume(context, options));
    });
}

function declareShowing(root: Command, context: CommandContext, report: Report): void {
  about(root.command("status"))
    .description("show the program at a glance")
    .option("--json", "print JSON")
    .action(async ({ json = false, ...rest }: Shared) => {
      const { status } = await import("./commands/showing.ts");
      report(await status(context, { ...rest, json }));
    });
  about(root.command("dashboard"))
    .description("print an address that opens the dashboard, once")
    .option("--json", "print JSON")
    .action(async ({ json = false, ...rest }: Shared) => {
      const { dashboard } = await import("./commands/dashboard.ts");
      report(await dashboard(context, { ...rest, json }));
    });
  for (const name of ["runs", "incidents"] as const) {
    const command = about(root.command(`${name} [id]`))
      .description(`list the ${name}, newest first, or show one in full`)
      .option("--json", "print JSON")
      .action(async (id: string | undefined, { json = false, ...rest }: Shared) => {
        const { [name]: show } = await import("./commands/showing.ts");
        report(await show(context, { ...rest, ...(id !== undefined && { id }), json }));
      });
    if (name === "runs") declareRunDeeds(command, about, context, report);
  }
  declareDeadLetters(root, about, context, report);
  about(root.command("logs [component]"))
    .description("show what a component, the runtime (default) or the watchdog wrote")
    .option("-f, --follow", "go on as it grows")
    .option("-n, --lines <count>", "lines to begin with", wholeLines, 50)
    .action(async (component: string | undefined, options: LogFlags) => {
      const { logs } = await import("./commands/logs.ts");
      const { follow = false, ...rest } = options;
      report(
        await logs(context, { ...rest, ...(component !== undefined && { component }), follow }),
      );
    });
}

function declareConfig(root: Command, context: CommandContext, report: Report): void {
  root
    .command("config")
    .description("look at the configuration")
    .command("check [file]")
    .description("say all that is wrong with a configuration file")
    .option("--json", "print JSON")
    .action(async (file: string | undefined, { json = false }: Shared) => {
      const { checkConfig } = await import("./commands/config-check.ts");
      report(await checkConfig(context, { ...(file !== undefined && { file }), json }));
    });
}

interface UpFlags {
  readonly detach?: boolean;
  readonly dataDir?: string;
}

interface RunFlags extends Shared {
  readonly id?: string;
  readonly wait: boolean;
}

interface LogFlags extends Shared {
  readonly follow?: boolean;
  readonly lines: number;
}

/** Which program a command is about. */
const about = (command: Command): Command =>
  command
    .option("--config <file>", "its configuration file (default: kintsugi.yaml)")
    .option("--data-dir <folder>", "its data folder; then no file is needed");

function wholeLines(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new InvalidArgumentError("It must be a whole number of at least 0.");
}

/** Errors of ours and of the machine are sentences; any other is a mistake of ours, and shown whole. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof KintsugiError || "code" in error
    ? error.message
    : (error.stack ?? error.message);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof KintsugiError && error.code === "KINTSUGI_NOT_RUNNING"
    ? NOT_RUNNING
    : FAILED;
}
