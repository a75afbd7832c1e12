/** Which failures a policy does something about. */

export interface IBasePolicyOptions {
  /** Whether an error that was thrown is one of them. */
  errorFilter: (error: unknown) => boolean;
  /** Whether an answer is one of them. */
  resultFilter: (result: unknown) => boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a class of any constructor.
type Constructor<T> = new (...args: any) => T;

/** A choice of failures, from which retries, circuit breakers and fallbacks are made. */
export class Policy {
  readonly options: Readonly<IBasePolicyOptions>;

  constructor(options: Readonly<IBasePolicyOptions>) {
    this.options = options;
  }

  /** As well errors of this class; with a predicate, those of them for which it returns true. */
  orType<T>(cls: Constructor<T>, predicate?: (error: T) => boolean): Policy {
    return this.orWhen(instanceFilter(cls, predicate));
  }

  /** As well errors for which the predicate returns true. */
  orWhen(predicate: (error: unknown) => boolean): Policy {
    const { errorFilter, resultFilter } = this.options;
    return new Policy({
      errorFilter: (error) => errorFilter(error) || predicate(error),
      resultFilter,
    });
  }

  /** As well answers for which the predicate returns true. */
  orWhenResult(predicate: (r: unknown) => boolean): Policy {
    const { errorFilter, resultFilter } = this.options;
    return new Policy({
      errorFilter,
      resultFilter: (result) => resultFilter(result) || predicate(result),
    });
  }

  /** As well answers of this class; with a predicate, those of them for which it returns true. */
  orResultType<T>(cls: Constructor<T>, predicate?: (error: T) => boolean): Policy {
    return this.orWhenResult(instanceFilter(cls, predicate));
  }
}

const never = (): boolean => false;

/** Every error, and no answer. */
export const handleAll: Policy = /* @__PURE__ */ new Policy({
  errorFilter: () => true,
  resultFilter: never,
});

/** Errors of this class; with a predicate, those of them for which it returns true. */
export function handleType<T>(cls: Constructor<T>, predicate?: (error: T) => boolean): Policy {
  return handleWhen(instanceFilter(cls, predicate));
}

/** Errors for which the predicate returns true. */
export function handleWhen(predicate: (error: unknown) => boolean): Policy {
  return new Policy({ errorFilter: predicate, resultFilter: never });
}

/** Answers of this class; with a predicate, those of them for which it returns true. */
export function handleResultType<T>(
  cls: Constructor<T>,
  predicate?: (error: T) => boolean,
): Policy {
  return handleWhenResult(instanceFilter(cls, predicate));
}

/** Answers for which the predicate returns true. */
export function handleWhenResult(predicate: (error: unknown) => boolean): Policy {
  return new Policy({ errorFilter: never, resultFilter: predicate });
}

function instanceFilter<T>(
  cls: Constructor<T>,
  predicate: ((value: T) => boolean) | undefined,
): (value: unknown) => boolean {
  return (value) => value instanceof cls && (predicate?.(value) ?? true);
}
