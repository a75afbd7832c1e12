/** Who is measured, and what each of them promises. */

export const OURS = "kintsugi";
export const PROCESS = "kintsugi, process";
export const FLOOR = "SQLite floor";
export const DBOS = "DBOS";
export const RESTATE = "Restate";
export const LANGGRAPH = "LangGraph";
export const UNSAVED = "LangGraph, no checkpoints";
export const OPENWORKFLOW = "OpenWorkflow";

/** What a step that is recorded survives, and whatever else a reader of the figures has to know. */
export const notes: Readonly<Record<string, string>> = {
  [OURS]:
    "a power cut: the embedded engine on the SQLite store, durability `power` (WAL, synchronous FULL: " +
    "one fsync a commit); steps of one turn of the loop share a commit; start and result are durable too",
  [PROCESS]:
    "the death of the process, and not a power cut: the same with durability `process` (synchronous NORMAL)",
  [FLOOR]:
    "a power cut: WAL and synchronous FULL, one writer, a row for each step, one commit for all that wait; " +
    "no runs, no results, no replay",
  [DBOS]:
    "a power cut: a PostgreSQL of its own on this machine, fsync and synchronous_commit on, settings as they " +
    "come; client and server share the cores, and no network lies between them",
  [RESTATE]:
    "a power cut: one node, its log is synced before it acknowledges, settings as they come; a workflow " +
    "handler, submitted and attached to; client and server share the cores",
  [LANGGRAPH]:
    "the death of the process, and not a power cut: a graph of ten nodes in a line, its SqliteSaver with " +
    "durability `sync`; the saver is the package's own, on node:sqlite in place of better-sqlite3, which has " +
    "no build for this Node, with better-sqlite3's setting (WAL, synchronous NORMAL); step times are those " +
    "from one node to the next",
  [UNSAVED]: "nothing: the same graph without a checkpointer, which is what its engine costs alone",
  [OPENWORKFLOW]:
    "a power cut: its SQLite backend on node:sqlite (WAL, synchronous FULL); whoever waits for a result asks " +
    "once a second, which is most of its time with one in flight",
};
