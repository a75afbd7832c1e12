/** A line in which joining, leaving and being served take the same time however long it is. */

import { type Claim, HIGHEST_PRIORITY } from "./claim.ts";

/** One who stands in a line: a link of its lane. */
export class Place {
  next: Place | undefined = undefined;
  previous: Place | undefined = undefined;
  /** Undefined when it stands in no line. */
  lane: Lane | undefined = undefined;
}

/** Those of one key, and the key's link in the ring of its band. */
class Lane {
  readonly key: string;
  readonly band: Band;
  weight: number;
  turns: number;
  first: Place | undefined;
  last: Place | undefined;
  next: Lane;
  previous: Lane;

  constructor(band: Band, key: string, weight: number) {
    this.band = band;
    this.key = key;
    this.weight = weight;
    this.turns = weight;
    this.next = this;
    this.previous = this;
  }
}

/** Lanes of one priority. They stand in a ring, and `current` has its turn. */
interface Band {
  readonly lanes: Map<string, Lane>;
  current: Lane | undefined;
}

/** Serves in the order of `line-state.ts`. */
export class Line<P extends Place> {
  /** By priority; a band is made when somebody asks for it. */
  readonly #bands: (Band | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  join(place: P, { priority, key, weight }: Claim): void {
    this.#bands[priority] ??= { lanes: new Map(), current: undefined };
    const band = this.#bands[priority];
    const lane = band.lanes.get(key) ?? openLane(band, key, weight);
    lane.weight = weight;
    place.lane = lane;
    place.previous = lane.last;
    if (lane.last) lane.last.next = place;
    else lane.first = place;
    lane.last = place;
    this.#size += 1;
  }

  /** Who is next; stays in the line. */
  get first(): P | undefined {
    if (this.#size === 0) return undefined;
    for (let priority = HIGHEST_PRIORITY; priority >= 0; priority -= 1) {
      const place = this.#bands[priority]?.current?.first;
      if (place) return place as P; // Only a P ever joins.
    }
    return undefined;
  }

  /** Takes out who is next, and uses up a turn of its lane. */
  serve(): P | undefined {
    const place = this.first;
    const lane = place?.lane;
    if (!place || !lane) return undefined;
    this.leave(place);
    lane.turns -= 1;
    if (lane.turns > 0 || !lane.first) return place;
    lane.turns = lane.weight;
    lane.band.current = lane.next;
    return place;
  }

  /** Harmless for one who stands in no line. */
  leave(place: P): void {
    const { lane, next, previous } = place;
    if (!lane) return;
    if (previous) previous.next = next;
    else lane.first = next;
    if (next) next.previous = previous;
    else lane.last = previous;
    place.lane = undefined;
    place.next = undefined;
    place.previous = undefined;
    this.#size -= 1;
    if (!lane.first) closeLane(lane);
  }
}

/** A new lane stands behind all others of its band: just before the current one. */
function openLane(band: Band, key: string, weight: number): Lane {
  const lane = new Lane(band, key, weight);
  band.lanes.set(key, lane);
  const { current } = band;
  if (!current) {
    band.current = lane;
    return lane;
  }
  lane.previous = current.previous;
  lane.next = current;
  current.previous.next = lane;
  current.previous = lane;
  return lane;
}

function closeLane(lane: Lane): void {
  const { band, next, previous } = lane;
  band.lanes.delete(lane.key);
  previous.next = next;
  next.previous = previous;
  if (band.current === lane) band.current = next === lane ? undefined : next;
}
