/** The other process: tells crash, hang and kill switch apart, and restarts the runtime on the first two. */

export {
  dialWatchdog,
  type LeaveRequest,
  type WatchdogHooks,
  type WatchdogLink,
} from "./dial-watchdog.ts";
export { readWatchdogEvents } from "./event-log.ts";
export {
  type Follower,
  type FollowerHooks,
  followWatchdog,
  type LineEnd,
} from "./follow-watchdog.ts";
export { readIdentity, type WrittenIdentity } from "./identity-file.ts";
export { engageKillSwitch, readKillSwitch, releaseKillSwitch } from "./kill-switch.ts";
export { hasRole, livingProcesses, type Role, type SweepOptions, sweep } from "./living.ts";
export { type WatchdogProgramOptions, watchdogProgram } from "./programs.ts";
export type {
  KillSwitch,
  StopRequest,
  WatchdogEvent,
  WatchdogPhase,
  WatchdogView,
} from "./types.ts";
