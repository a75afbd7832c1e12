import { KintsugiError } from "@kintsugi/policy/base";

/** A folder that cannot be used as it is: read-only, missing, or in the hands of somebody else. */
export class FolderUnusableError extends KintsugiError {
  override readonly name = "FolderUnusableError";
  readonly code = "KINTSUGI_FOLDER_UNUSABLE";
  readonly folder: string;

  constructor(folder: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.folder = folder;
  }
}

/** Another process answers where this one wanted to listen. */
export class SocketInUseError extends KintsugiError {
  override readonly name = "SocketInUseError";
  readonly code = "KINTSUGI_SOCKET_IN_USE";
  readonly path: string;

  constructor(path: string) {
    super(`Another process listens on the socket ${path}; stop it, or use another data folder`);
    this.path = path;
  }
}

/** Nobody listens there. Nothing was sent. */
export class SocketUnreachableError extends KintsugiError {
  override readonly name = "SocketUnreachableError";
  readonly code = "KINTSUGI_SOCKET_UNREACHABLE";
  readonly path: string;

  constructor(path: string, cause?: unknown) {
    super(`Nobody listens on the socket ${path}`, { cause });
    this.path = path;
  }
}

/** The kernel takes only a short path for a socket. */
export class SocketPathTooLongError extends KintsugiError {
  override readonly name = "SocketPathTooLongError";
  readonly code = "KINTSUGI_SOCKET_PATH_TOO_LONG";
  readonly path: string;

  constructor(path: string, limitBytes: number) {
    super(
      `The socket path ${path} is longer than the ${limitBytes} bytes that a kernel takes; ` +
        "set XDG_RUNTIME_DIR to a folder with a shorter path",
    );
    this.path = path;
  }
}

/** What was asked for is not built for this operating system. */
export class UnsupportedPlatformError extends KintsugiError {
  override readonly name = "UnsupportedPlatformError";
  readonly code = "KINTSUGI_UNSUPPORTED_PLATFORM";
  readonly platform: string;

  constructor(platform: string) {
    super(`Processes are watched on Linux only, and this is ${platform}`);
    this.platform = platform;
  }
}
