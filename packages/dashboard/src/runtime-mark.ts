/** The state of the runtime in the tree, as a mark. */

import type { Program } from "./page-state.ts";
import type { Mark } from "./state-mark.tsx";

/** Of the runtime itself: that it answers is its health. What ails a component stands beside that one. */
export function markOfRuntime({ store }: Pick<Program, "store">): Mark {
  switch (store.kind) {
    case "open":
    case "closed":
      return { shape: "circle", tone: "ok", word: "serves" };
    case "full":
      return { shape: "square", tone: "bad", word: "disk full" };
    case "failed":
      return { shape: "square", tone: "bad", word: "store failed" };
  }
}
