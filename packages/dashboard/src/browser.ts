/** The page's only door to the browser's network and storage. What it may refuse, it refuses quietly. */

export type Fetch = (address: string, request: RequestInit) => Promise<Response>;

/** What a tab or an origin keeps; a browser may forbid it, and then nothing is kept. */
export interface Shelf {
  get(key: string): string | null;
  set(key: string, value: string | null): void;
}

/** To the own origin only: nothing is cached, no cookie is sent. */
export const ownFetch: Fetch = (address, request) =>
  fetch(address, { ...request, cache: "no-store", credentials: "omit", redirect: "error" });

export const tabShelf: Shelf = shelf(() => sessionStorage);
export const originShelf: Shelf = shelf(() => localStorage);

function shelf(storage: () => Storage): Shelf {
  return {
    get(key) {
      try {
        return storage().getItem(key);
      } catch {
        return null; // Storage is switched off: the page works without.
      }
    },
    set(key, value) {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        // Switched off or full: what is not kept is asked for again.
      }
    },
  };
}
