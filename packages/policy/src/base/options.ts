/**
 * Returns `value` where it is a whole number of at least `min`.
 *
 * @throws {@link RangeError} naming the option, so that a wrong setting fails where it was written.
 */
export function wholeNumber(option: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new RangeError(`${option} must be a whole number of at least ${min}, got ${value}`);
}

/**
 * Returns `value` where it lies between `min` and `max`, both included.
 *
 * @throws {@link RangeError} naming the option.
 */
export function numberBetween(option: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new RangeError(`${option} must be a number from ${min} to ${max}, got ${value}`);
}
