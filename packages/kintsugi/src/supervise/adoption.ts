/** Sorting the living: which processes of an earlier supervisor are taken up, and which have to go. */

import type { MarkedProcess, ProcessIdentity } from "../host/index.ts";
import { COMPONENT_ROLE, MARKER } from "./marker.ts";
import type { ComponentRow } from "./tables.ts";

/** A living process that may be the component. */
interface Living {
  readonly identity: ProcessIdentity;
  readonly incarnation: number;
}

interface Sorted {
  /** By name of the component. */
  readonly adopted: ReadonlyMap<string, Living>;
  /** Doubles, those that no component is behind, and what is left of groups without a leader. */
  readonly strays: readonly MarkedProcess[];
}

/**
 * The newest life of each component is taken up: the recorded process, or one that was started by a
 * supervisor that died before it could write that down. A program may start leaders of other groups,
 * which inherit its marks; when its own life is over, so is theirs.
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
    const newest = components
      .filter((found) => found.env[MARKER.component] === name && mayBe(found, row))
      .toSorted((one, other) => incarnationOf(other) - incarnationOf(one))[0];
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

/** Whether this process is the life that is recorded, or a later one. */
function mayBe(found: MarkedProcess, row: ComponentRow | undefined): boolean {
  if (!found.leader) return false;
  const incarnation = incarnationOf(found);
  if (!row || incarnation > row.incarnation) return true;
  if (incarnation < row.incarnation) return false;
  if (!row.identity) return row.phase === "starting"; // Announced, and never recorded.
  const { pid, startTicks } = row.identity;
  return pid === found.identity.pid && startTicks === found.identity.startTicks;
}

const incarnationOf = ({ env }: MarkedProcess): number => Number(env[MARKER.incarnation]) || 0;
