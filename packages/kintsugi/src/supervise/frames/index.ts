/** The frames of our sockets. */

export { encodeFrame, type Frame, frameReader } from "./frame.ts";
