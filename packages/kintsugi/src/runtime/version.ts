/** The version of this package; all packages of the house have the same. */
export const version = "0.1.0";
