/** The marks that every process of ours carries in its environment, for its client and its next supervisor. */

export const MARKER = {
  instance: "KINTSUGI_INSTANCE",
  role: "KINTSUGI_ROLE",
  component: "KINTSUGI_COMPONENT",
  incarnation: "KINTSUGI_INCARNATION",
  socket: "KINTSUGI_SOCKET",
  heartbeatMs: "KINTSUGI_HEARTBEAT_MS",
  chaos: "KINTSUGI_CHAOS",
} as const;

/** The role of all that a supervisor starts. */
export const COMPONENT_ROLE = "component";
