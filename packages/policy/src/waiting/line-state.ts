/**
 * Who is next in a line, as plain data: the rule that the fast line is held to by its tests.
 *
 *     band of the highest priority first ─▶ its lanes in turn, one for each key ─▶ first come, first served
 *
 * A lane has as many turns in a row as its weight says, then it goes behind the others (weighted round
 * robin; the turns are the deficit counter of M. Shreedhar and G. Varghese, "Efficient Fair Queuing Using
 * Deficit Round Robin", 1995, with one unit for each call).
 */

/** A place in a line: `id` names who stands there. */
export type Standing = Readonly<{ id: number; priority: number; key: string; weight: number }>;

type Lane = Readonly<{ key: string; weight: number; turns: number; ids: readonly number[] }>;

/** Lanes by priority; the first lane of a band is the next to be served. */
export type LineState = Readonly<Record<number, readonly Lane[]>>;

/** Goes behind those of the same key; a new key goes behind the other keys. */
export function join(state: LineState, { id, priority, key, weight }: Standing): LineState {
  const lanes = state[priority] ?? [];
  const isNew = !lanes.some((lane) => lane.key === key);
  const next = isNew
    ? [...lanes, { key, weight, turns: weight, ids: [id] }]
    : lanes.map((lane) => (lane.key === key ? { ...lane, weight, ids: [...lane.ids, id] } : lane));
  return { ...state, [priority]: next };
}

/** Who is next; undefined in an empty line. */
export function next(state: LineState): number | undefined {
  return front(state)?.[1]?.[0]?.ids[0];
}

/** The line after its first has been served. */
export function served(state: LineState): LineState {
  const [priority, [lane, ...others] = []] = front(state) ?? [];
  if (priority === undefined || !lane) return state;
  const ids = lane.ids.slice(1);
  const turns = lane.turns - 1;
  if (ids.length === 0) return { ...state, [priority]: others };
  const isDone = turns === 0;
  const rest = { ...lane, ids, turns: isDone ? lane.weight : turns };
  return { ...state, [priority]: isDone ? [...others, rest] : [rest, ...others] };
}

/** The line without one who gave up; nobody else loses a place or a turn. */
export function left(state: LineState, id: number): LineState {
  const without = (lanes: readonly Lane[]): readonly Lane[] =>
    lanes
      .map((lane) => ({ ...lane, ids: lane.ids.filter((other) => other !== id) }))
      .filter(({ ids }) => ids.length > 0);
  return Object.fromEntries(Object.entries(state).map(([band, lanes]) => [band, without(lanes)]));
}

export function waiting(state: LineState): readonly number[] {
  return Object.values(state).flatMap((lanes) => lanes.flatMap(({ ids }) => ids));
}

function front(state: LineState): readonly [number, readonly Lane[]] | undefined {
  return Object.entries(state)
    .map(([band, lanes]) => [Number(band), lanes] as const)
    .filter(([, lanes]) => lanes.length > 0)
    .toSorted(([one], [other]) => other - one)[0];
}
