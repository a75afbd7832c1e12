import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";

const idle = new URL("fixtures/idle-program.ts", import.meta.url).pathname;
const packageRoot = new URL("../../../", import.meta.url).pathname;

async function run(program: string, ...words: readonly string[]): Promise<string> {
  const args = ["--conditions=source", program, ...words];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
  return stdout.trim();
}

describe("a program with nothing to do but to wait for a policy", () => {
  it.each([
    ["timeout", "Operation timed out after 50ms"],
    ["timeout unref", "left waiting"],
    ["retry", "failed"],
    ["retry unref", "left waiting"],
  ])("for a %s ends with: %s", async (what, end) => {
    await expect(run(idle, what)).resolves.toBe(end);
  });
});

/** Decorators are no syntax of ours: this is what a user's compiler makes of them. */
const decorated = `
import { handleAll, type IRetryContext, retry, usePolicy } from "@kintsugi/policy/compat/cockatiel";

class Calculator {
  @usePolicy(retry(handleAll, { maxAttempts: 5 }))
  double(n: number, context?: IRetryContext): Promise<number> | number {
    if (!context || context.attempt < 2) throw new Error("failed");
    return n * 2 + context.attempt;
  }
}

console.log(await new Calculator().double(20));
`;

it("a decorated method compiles, and runs under its policy", async () => {
  const folder = mkdtempSync(join(realpathSync(packageRoot), ".decorated-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "calculator.ts"), decorated);
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      include: ["calculator.ts"],
      compilerOptions: {
        experimentalDecorators: true,
        noEmit: false,
        declaration: false,
        isolatedDeclarations: false,
        rootDir: "../../..",
        outDir: "out",
      },
    }),
  );
  const compiler = join(packageRoot, "../../node_modules/.bin/tsc");
  execFileSync(compiler, ["-p", folder], { encoding: "utf8" });
  const compiled = join(
    folder,
    "out/packages/policy",
    folder.split("/").at(-1) ?? "",
    "calculator.js",
  );
  await expect(run(compiled)).resolves.toBe("42");
});
