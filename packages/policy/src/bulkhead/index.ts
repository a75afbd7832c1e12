/** A limit on how many calls run at once. */

export {
  Bulkhead,
  type BulkheadFailure,
  BulkheadFullError,
  type BulkheadOptions,
  type BulkheadRejection,
  type BulkheadStats,
  type BulkheadSuccess,
  type BulkheadThresholds,
  bulkheadNeeds,
  placeNeeds,
} from "./bulkhead.ts";
