/** Durable state and the log of facts: one port, in memory and on SQLite. */

export {
  ConflictError,
  StoreClosedError,
  StoreFailedError,
  StoreOverloadedError,
  StoreUnusableError,
  StoreUsageError,
} from "./errors.ts";
export { type MemoryDisk, memoryDisk } from "./memory-disk.ts";
export { type MemoryStoreOptions, memoryStore } from "./memory-store.ts";
export {
  type AnyTable,
  type Cell,
  type Change,
  type ColumnSpec,
  type ColumnType,
  type Fact,
  type FactLog,
  fact,
  insert,
  type NewFact,
  put,
  type Query,
  remove,
  type Store,
  type StoreState,
  type Table,
  update,
} from "./port.ts";
export type { Durability } from "./sqlite/open-database.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite/open-sqlite-store.ts";
