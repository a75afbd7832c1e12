/** Sorting the living: which processes of an earlier supervisor are taken up, and which have to go. */

import type { MarkedProcess, ProcessIdentity } from "../host/index.ts";
import { COMPONENT_ROLE, MARKER } from "./marker.ts";
import type { ComponentRow } from "./tables.ts";

/** A living process that may be the component. */
export interface Living {
  readonly identity: ProcessIdentity;
  readonly incarnation: number;
}

export interface Sorted {
  /** By name of the component. */
  readonly adopted: ReadonlyMap<string, Living>;
  /** Doubles, those that no component is behind, and what is left of groups without a leader. */
  readonly strays: readonly MarkedProcess[];
}

/**
 * The newest life of each component is taken up: a process whose number is greater than the recorded
 * one was started by a supervisor that died before it could write that down.
 *
 * @param rows - what is recorded of the components that are supervised now
 * @param marked - all living processes with the mark of this instance
 */
export function sortLiving(
  rows: ReadonlyMap<string, ComponentRow | undefined>,
  marked: readonly MarkedProcess[],
): Sorted {
  const components = marked.filter(({ env }) => env[MARKER.role] === COMPONENT_ROLE);
  const adopted = new Map<string, Living>();
  for (const [name, row] of rows) {
    const candidates = components.filter(
      ({ env, leader }) => leader && env[MARKER.component] === name,
    );
    const [newest] = candidates.toSorted(
      (one, other) =>
        incarnationOf(other) - incarnationOf(one) ||
        Number(isRecorded(other, row)) - Number(isRecorded(one, row)),
    );
    if (!newest) continue;
    adopted.set(name, { identity: newest.identity, incarnation: incarnationOf(newest) });
  }
  const belongs = (found: MarkedProcess): boolean => {
    const living = adopted.get(found.env[MARKER.component] ?? "");
    if (!living) return false;
    if (found.leader) return found.identity.pid === living.identity.pid;
    return incarnationOf(found) === living.incarnation;
  };
  return { adopted, strays: components.filter((found) => !belongs(found)) };
}

const incarnationOf = ({ env }: MarkedProcess): number => Number(env[MARKER.incarnation]) || 0;

const isRecorded = ({ identity }: MarkedProcess, row: ComponentRow | undefined): boolean =>
  row?.identity?.pid === identity.pid && row.identity.startTicks === identity.startTicks;
