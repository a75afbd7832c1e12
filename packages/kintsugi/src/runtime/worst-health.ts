import type { ComponentView, Health } from "../supervise/index.ts";

const order: readonly Health["kind"][] = ["healthy", "degraded", "critical", "failed"];

/** The health of a program is that of its worst component, and the reason names it. */
export function worstHealth(components: readonly ComponentView[]): Health {
  const [worst] = components.toSorted(
    (a, b) => order.indexOf(b.health.kind) - order.indexOf(a.health.kind),
  );
  if (!worst || worst.health.kind === "healthy") return { kind: "healthy" };
  return { kind: worst.health.kind, reason: `${worst.name}: ${worst.health.reason}` };
}
