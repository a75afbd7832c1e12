import { describe, expect, it } from "vitest";

import { redact } from "./redaction.ts";

const setup = (env: Record<string, string>, args: readonly string[] = []) => ({
  env,
  args,
  isFile: (arg: string) => arg.endsWith(".ts"),
});

describe("the last words of a program", () => {
  it("show values of its environment by their names", () => {
    const given = setup({ DB_URL: "postgres://me:pass@db", LOG: "debug" });
    expect(redact("debug: no route to postgres://me:pass@db", given)).toBe(
      "debug: no route to $DB_URL",
    );
  });

  it("show nothing of a value that holds another one", () => {
    const given = setup({ USER_NAME: "operator", TOKEN: "operator-2718281828" });
    expect(redact("operator-2718281828 operator", given)).toBe("$TOKEN $USER_NAME");
  });

  it("show no value of an argument, but its flags and files", () => {
    const given = setup({}, ["main-program.ts", "--password", "swordfish-1", "--key=swordfish-2"]);
    expect(redact("main-program.ts --password swordfish-1 --key=swordfish-2", given)).toBe(
      "main-program.ts --password $ARGUMENT --key=$ARGUMENT",
    );
  });

  it("keep a dollar sign in a name of ours from meaning anything", () => {
    expect(redact("12345678", setup({ "A$&": "12345678" }))).toBe("$A$&");
  });
});
