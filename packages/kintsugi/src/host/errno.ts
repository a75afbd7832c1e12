/** The name that the machine gives to an error ("ENOENT"); undefined when it is none of its own. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
