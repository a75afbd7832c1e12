/**
 * Returns `value` where it is a whole number of at least `min`.
 *
 * @throws {@link RangeError} naming the option, so that a wrong setting fails where it was written.
 */
export function wholeNumber(option: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new RangeError(`${option} must be a whole number of at least ${min}, got ${shown(value)}`);
}

/**
 * Returns `value` where it lies between `min` and `max`, both included.
 *
 * @throws {@link RangeError} naming the option.
 */
export function numberBetween(option: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  const from = min === Number.MIN_VALUE ? "above 0" : `from ${min}`;
  const range = max === Infinity ? from : `${from} to ${max}`;
  throw new RangeError(`${option} must be a number ${range}, got ${shown(value)}`);
}

/** A number that is text, as those of the environment, is told from the number. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
