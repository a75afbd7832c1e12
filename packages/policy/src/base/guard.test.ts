import { describe, expect, it } from "vitest";

import { firstAttempt } from "./attempt.ts";
import { RejectedError } from "./errors.ts";
import { type Guard, MUST_WAIT, permitOf, REFUSED } from "./guard.ts";

class Refused extends RejectedError {
  readonly code = "KINTSUGI_TEST";
}

const refused = new Refused("no", 0);

const guardOf = (permit: number, waitFor?: () => Promise<number>): Guard => ({
  tryAdmit: () => permit,
  refusal: () => refused,
  settle: () => {},
  ...(waitFor && { waitFor }),
});

describe("a guard", () => {
  const attempt = firstAttempt(undefined);
  const never = (): Promise<number> => expect.fail("nobody has to wait");

  it.each([0, 1, 7])("lets in with the permit %d, without a wait", async (permit) => {
    await expect(permitOf(guardOf(permit, never), attempt)).resolves.toBe(permit);
  });

  it("refuses for its own reason, though others may wait", async () => {
    await expect(permitOf(guardOf(REFUSED, never), attempt)).rejects.toBe(refused);
  });

  it("lets in those who must wait when they have waited", async () => {
    await expect(
      permitOf(
        guardOf(MUST_WAIT, async () => 4),
        attempt,
      ),
    ).resolves.toBe(4);
  });

  it("refuses those who must wait where nobody can", async () => {
    await expect(permitOf(guardOf(MUST_WAIT), attempt)).rejects.toBe(refused);
  });
});
