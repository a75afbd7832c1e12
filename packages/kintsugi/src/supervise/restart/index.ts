/** When something that died is started again. The watchdog uses it as well as the supervisor. */

export { type RestartNumbers, restartLimits } from "./restart-limits.ts";
export {
  afterCalm,
  afterExit,
  afterStart,
  freshRestart,
  type RestartLimits,
  type RestartState,
  reviveRestart,
  type StoredRestart,
  startDueInMs,
  toStoredRestart,
} from "./restart-state.ts";
export { parseStoredRestart } from "./stored-restart.ts";
