/** Answers that are given again. */

export {
  type CacheOptions,
  CachePolicy,
  type CacheStats,
  cacheNeeds,
  type StaleEvent,
} from "./cache-policy.ts";
export type { CacheEntry, CacheStore, KeptAnswer } from "./cache-store.ts";
export { CallAbandonedError } from "./flight.ts";
export type { CachedAnswer, KeyedCache } from "./keyed-cache.ts";
