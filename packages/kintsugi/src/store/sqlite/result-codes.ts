/** What SQLite's result codes mean to us: https://sqlite.org/rescode.html */

/** Room ran out, so it is safe to try again; `write` may be that as well, or a disk that fails. */
export type SqliteTrouble =
  | "full"
  | "write"
  | "busy"
  | "not a database"
  | "corrupt"
  | "no access"
  | "other";

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
/** Not for ENOSPC, but for a quota (EDQUOT), a limit (EFBIG) or a failing disk (EIO). */
const SQLITE_IOERR_WRITE = 778;

export function troubleOf(error: unknown): SqliteTrouble {
  const code = Number((error as { readonly errcode?: unknown }).errcode);
  if (code === SQLITE_IOERR_WRITE) return "write";
  // The low byte is the code; what is above it only refines it.
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "full";
    case SQLITE_BUSY:
      return "busy";
    case SQLITE_NOTADB:
      return "not a database";
    case SQLITE_CORRUPT:
      return "corrupt";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return "no access";
    default:
      return "other";
  }
}
