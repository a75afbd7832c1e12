/** From any failure to its class: what to do about it follows from there. */

export {
  type Classification,
  type Classifier,
  type ClassifierOptions,
  createClassifier,
  judge,
  judgeBy,
  judgeByTables,
  judgeOnce,
} from "./classify.ts";
export { type ErrorClass, type Reaction, reactions } from "./error-class.ts";
export { resetMs } from "./limit-reset.ts";
export { headerOf, retryAfterMs } from "./retry-after.ts";
