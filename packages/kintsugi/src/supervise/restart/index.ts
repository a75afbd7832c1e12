/** When something that died is started again. The watchdog uses it as well as the supervisor. */

export { restartLimits } from "./restart-limits.ts";
export {
  afterExit,
  afterStart,
  freshRestart,
  type RestartLimits,
  type RestartState,
  reviveRestart,
  startDueInMs,
  toStoredRestart,
} from "./restart-state.ts";
export { parseStoredRestart } from "./stored-restart.ts";
