/** The frames of our sockets, and those that components and their supervisor exchange. */

export {
  type BeatFrame,
  type Fault,
  type FaultFrame,
  type FromComponent,
  type FromSupervisor,
  type GoodbyeFrame,
  type HealthFrame,
  type HelloFrame,
  readFromComponent,
  readFromSupervisor,
  type StopFrame,
  type WelcomeFrame,
} from "./component-frames.ts";
export { encodeFrame, type Frame, frameReader } from "./frame.ts";
