/** The log of what happened, newest first. */

import {
  type FunctionComponent,
  memo,
  type ReactElement,
  type RefObject,
  useMemo,
  useState,
} from "react";

import { useClaims, useFreshness, useTimes } from "./context.ts";
import { eventsFoot, factLine, matches } from "./fact-line.ts";
import type { Fact } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { count } from "./words.ts";

/** Rows that are drawn; the page keeps more, which the filter looks through. */
const MOST_ROWS = 100;

export interface EventsProps {
  readonly facts: readonly Fact[];
  readonly gapBeforeId: number | null;
  readonly filterRef: RefObject<HTMLInputElement>;
}

export const Events: FunctionComponent<EventsProps> = memo(function Events(
  props: EventsProps,
): ReactElement {
  const { facts, gapBeforeId, filterRef } = props;
  const claim = useClaims();
  const [sought, setSought] = useState("");
  const word = sought.trim();
  const found = useMemo(
    () => (word === "" ? facts : facts.filter((fact) => matches(fact, word))),
    [facts, word],
  );
  const rows = found.slice(-MOST_ROWS).toReversed();
  const foot = eventsFoot({
    found: found.length,
    kept: facts.length,
    isFiltered: word !== "",
    hasOlder: gapBeforeId !== null || (facts[0]?.id ?? 1) > 1,
    most: MOST_ROWS,
  });
  return (
    <section className="panel events" aria-labelledby="events-title">
      <div className="panel-head">
        <h2 id="events-title">Events</h2>
        <p className="dim">{word === "" ? "newest first" : `${count(found.length)} found`}</p>
        <label className="filter">
          <span className="unseen">Filter events</span>
          <input
            ref={filterRef}
            type="search"
            placeholder="Filter ( / )"
            value={sought}
            onInput={({ currentTarget }) => setSought(currentTarget.value)}
          />
        </label>
      </div>
      {rows.length === 0 ? (
        <p className="dim nothing">
          {facts.length === 0
            ? claim("Nothing was written into the log yet.")
            : "No event on this page says that."}
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reached by keyboard
        <ul className="event-list" tabIndex={0} aria-label="Events, newest first">
          {rows.map((fact) => (
            <EventRow key={fact.id} fact={fact} isAfterGap={fact.id === gapBeforeId} />
          ))}
        </ul>
      )}
      {foot && <p className="dim more">{foot}</p>}
    </section>
  );
});

interface EventRowProps {
  readonly fact: Fact;
  readonly isAfterGap: boolean;
}

const EventRow = memo(function EventRow({ fact, isAfterGap }: EventRowProps): ReactElement {
  const times = useTimes();
  const { id, type, atMs } = fact;
  const { about, detail } = factLine(fact);
  const isFresh = useFreshness(atMs);
  return (
    <li className={isFresh ? "event is-new" : "event"} data-fact-id={id} data-type={type}>
      <time className="mono" title={times.full(atMs)}>
        {times.at(atMs)}
      </time>
      <span className="event-type break">{plain(type)}</span>
      <p className="event-said break clamp" title={detail}>
        <strong>{about}</strong> <span className="dim">{detail}</span>
      </p>
      <span className="mono dim event-id">#{id}</span>
      {isAfterGap && <span className="event-gap">Events before this one are missing here.</span>}
    </li>
  );
});
