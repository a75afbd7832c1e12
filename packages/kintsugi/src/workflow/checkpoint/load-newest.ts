/** The newest whole checkpoint of a store and of all that follow it. */

import { type Clock, type ErrorReporter, sleep } from "@kintsugi/policy/base";

import { CheckpointConflictError } from "./errors.ts";
import { type Newest, newestIn } from "./newest.ts";
import type { CheckpointStore } from "./port.ts";
import type { Replica } from "./replica.ts";

export interface LoadOptions {
  readonly id: string;
  readonly store: CheckpointStore;
  readonly replicas: readonly Replica[];
  readonly clock: Clock;
  readonly report: ErrorReporter;
}

/** What a replica may take to answer; the work goes on with what the others have. */
const ANSWER_MS = 10_000;

/**
 * Replicas hear what was found there, and are brought up to it.
 *
 * @throws what a store said that could not be asked, where none of the others has a checkpoint: nobody may
 * begin anew because the only one that knows better is away.
 */
export async function loadNewest(options: LoadOptions): Promise<Newest> {
  const { id, store, replicas, report } = options;
  const [first, ...others] = await Promise.allSettled([
    newestIn(store, id, report),
    ...replicas.map((replica) => soon(newestIn(replica.store, id, report), options)),
  ]);
  const answers = [first, ...others].map((each) =>
    each.status === "fulfilled" ? each.value : undefined,
  );
  const failed = [first, ...others].filter((each) => each.status === "rejected");
  const newestVersion = Math.max(...answers.map((answer) => answer?.newestVersion ?? 0));
  let whole: Newest["whole"];
  for (const answer of answers) whole = newerOf(whole, answer?.whole, options);
  if (!whole && failed[0]) throw failed[0].reason;
  for (const { reason } of failed) report(reason);
  for (const [index, replica] of replicas.entries()) {
    const answer = answers[index + 1];
    if (answer) replica.takeUp(answer.newestVersion);
    if (!whole || answer?.whole?.checkpoint.version === whole.checkpoint.version) continue;
    if ((answer?.newestVersion ?? 0) > whole.checkpoint.version) continue;
    replica.offer(whole.checkpoint.version, whole.text);
  }
  return { newestVersion, whole };
}

/** Of two that are equally new the one that was found first, which is the first store's. */
function newerOf(
  found: Newest["whole"],
  other: Newest["whole"],
  { id, report }: LoadOptions,
): Newest["whole"] {
  if (!found || !other) return found ?? other;
  const [version, otherVersion] = [found.checkpoint.version, other.checkpoint.version];
  if (otherVersion > version) return other;
  if (otherVersion === version && other.text !== found.text) {
    report(new CheckpointConflictError(id, version, otherVersion, "a replica"));
  }
  return found;
}

async function soon<T>(answer: Promise<T>, { clock }: LoadOptions): Promise<T> {
  const over = new AbortController();
  const late = sleep(clock, ANSWER_MS, over.signal).then(() => {
    throw new Error(`A replica of checkpoints has not answered within ${ANSWER_MS} ms`);
  });
  late.catch(() => {}); // Cut short by the answer.
  return Promise.race([answer, late]).finally(() => over.abort());
}
