/** What tests need to stand in for the machine: time that is moved by hand, and a simulated world. */

export { type ManualClock, type ManualClockOptions, manualClock } from "./manual-clock.ts";
