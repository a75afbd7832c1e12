/** Waiting for a permit, in a fair and bounded line. */

export { type Claim, claimOf, plainClaim, type WaitingClaim, waitingNeeds } from "./claim.ts";
export { join, type LineState, left, next, type Standing, served, waiting } from "./line-state.ts";
export { type WaitingLimits, WaitingRoom } from "./waiting-room.ts";
