/** Exit codes of the runtime's program, from sysexits.h and the design of the processes. */

/** The environment does not allow it: a port in use, a folder that cannot be written, a foreign file. */
export const REFUSED_ENVIRONMENT = 69;
/** The store failed in mid-life: a crash, after which the disk is read again. */
export const STORE_FAILED = 74;
/** Another process owns the data folder: no crash. */
export const LOCK_HELD = 75;
/** The configuration is wrong. */
export const REFUSED_CONFIGURATION = 78;
