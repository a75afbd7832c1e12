/** `kintsugi runs` and `kintsugi dead-letters`, declared. */

import { type Command, InvalidArgumentError } from "commander";

import type { CommandContext } from "./context.ts";

type Report = (exitCode: number) => void;

interface Flags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

interface ListFlags extends Flags {
  readonly workflow?: string;
  readonly after?: string;
  readonly limit?: number;
}

interface ReplayFlags extends Flags {
  readonly fromStep?: string;
  readonly all?: boolean;
  readonly workflow?: string;
  readonly perSecond?: number;
}

/** @param about adds the options that say which program a command is about. */
export function declareRunDeeds(
  runs: Command,
  about: (command: Command) => Command,
  context: CommandContext,
  report: Report,
): void {
  const deeds = () => import("./commands/run-deeds.ts");
  runs.enablePositionalOptions(); // As the root does, for deeds of its own.
  const deed = (usage: string, description: string): Command =>
    about(runs.command(usage)).description(description).option("--json", "print JSON");
  deed("show <id>", "show one run in full").action(async (id: string, flags: Flags) => {
    const { runs: show } = await import("./commands/showing.ts");
    report(await show(context, { ...plain(flags), id }));
  });
  deed("cancel <id>", "end a run").action(async (id: string, flags: Flags) => {
    report(await (await deeds()).cancelRun(context, { ...plain(flags), id }));
  });
  deed("signal <id> <name> [payload]", "send a run a signal, with a payload of JSON").action(
    async (id: string, name: string, payload: string | undefined, flags: Flags) => {
      const given = { id, name, ...(payload !== undefined && { payload }) };
      report(await (await deeds()).signalRun(context, { ...plain(flags), ...given }));
    },
  );
  deed("rewind <id>", "let a run that has ended go on from an earlier step")
    .requiredOption("--from-step <step>", "number or name of the first step that is done again")
    .action(async (id: string, flags: Flags & { readonly fromStep: string }) => {
      report(await (await deeds()).rewindRun(context, { ...plain(flags), id }));
    });
  deed("fork <id>", "start a new run with the record of another, up to a step")
    .requiredOption("--from-step <step>", "number or name of the first step that is done again")
    .option("--as <id>", "names the new run")
    .action(
      async (id: string, flags: Flags & { readonly fromStep: string; readonly as?: string }) => {
        report(await (await deeds()).forkRun(context, { ...plain(flags), id }));
      },
    );
}

export function declareDeadLetters(
  root: Command,
  about: (command: Command) => Command,
  context: CommandContext,
  report: Report,
): void {
  const letters = () => import("./commands/dead-letters.ts");
  const all = root.command("dead-letters").description("look after runs that failed for good");
  const deed = (usage: string, description: string): Command =>
    about(all.command(usage)).description(description).option("--json", "print JSON");
  const list = all.command("list", { isDefault: true });
  about(list)
    .description("list them, newest first")
    .option("--json", "print JSON")
    .option("--workflow <name>", "those of one workflow")
    .option("--after <id>", "go on behind this one")
    .option("--limit <count>", "so many at most", countOf)
    .action(async (flags: ListFlags) => {
      report(await (await letters()).listLetters(context, plain(flags)));
    });
  deed("show <id>", "show one: its input, its error, its steps").action(
    async (id: string, flags: Flags) => {
      report(await (await letters()).showLetter(context, { ...plain(flags), id }));
    },
  );
  deed("replay [id]", "run it again: what is recorded stays, what failed is done anew")
    .option("--from-step <step>", "do all again from this step on: its number or its name")
    .option("--all", "replay all of them, one after another")
    .option("--workflow <name>", "with --all: those of one workflow")
    .option("--per-second <count>", "with --all: so many a second (default: 10)", countOf)
    .action(async (id: string | undefined, { all: isAll = false, ...flags }: ReplayFlags) => {
      const which = { all: isAll, ...(id !== undefined && { id }) };
      report(await (await letters()).replayLetter(context, { ...plain(flags), ...which }));
    });
  deed("discard <id>", "give it up: it counts as cancelled from then on")
    .requiredOption("--why <reason>", "written into the log")
    .action(async (id: string, flags: Flags & { readonly why: string }) => {
      report(await (await letters()).discardLetter(context, { ...plain(flags), id }));
    });
}

const plain = <Given extends Flags>(flags: Given): Given & { readonly json: boolean } => ({
  ...flags,
  json: flags.json ?? false,
});

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 1_000) return count;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000.");
}
