/** Options as they are written: each is held against what it must be, before anything is made of it. */

/** What an option must be. */
export interface Need {
  /** Follows "must be": `"a function"`. */
  readonly words: string;
  /** Not asked about an option that is not there. */
  readonly fits: (value: unknown) => boolean;
  readonly isRequired?: boolean;
}

/**
 * The needs of all options of an interface. It is bound to that interface: a new option does not compile
 * without its need, so what is known here is what there is.
 */
export type Needs<O> = {
  readonly [K in keyof O]-?: O extends Readonly<Record<K, unknown>>
    ? Need & { readonly isRequired: true }
    : Need;
};

/** The needs of options that are looked at by name. */
type NeedsByName = Readonly<Record<string, Need>>;

/**
 * Refuses options that are none, of a name that nobody knows, or of a wrong kind. Numbers are held against
 * their ranges where they are read.
 *
 * @param path Goes before the names of options within options: `"retry."`.
 * @throws {@link RangeError} naming the option, what it must be and what was given.
 */
export function checkOptions(
  owner: string,
  options: unknown,
  needs: NeedsByName,
  path: string = "",
): void {
  mustBe(path.slice(0, -1) || `The options of ${owner}`, options, anObject);
  const given = options as Readonly<Record<string, unknown>>;
  for (const name in given) {
    if (!Object.hasOwn(needs, name)) throw unknown(owner, name, Object.keys(needs));
  }
  for (const name in needs) {
    const need = needs[name] as Need; // It is one of them.
    if (given[name] !== undefined || need.isRequired) mustBe(path + name, given[name], need);
  }
}

/** @throws {@link RangeError} naming the option, what it must be and what was given. */
export function mustBe(
  option: string,
  value: unknown,
  { words, fits }: Pick<Need, "words" | "fits">,
): void {
  if (!fits(value)) throw refused(option, words, value);
}

/** Of options, those that are in the table and hold something. */
export function optionsIn<O extends object>(options: object, needs: Needs<O>): Partial<O> {
  const named = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(needs, name) && value !== undefined,
  );
  return Object.fromEntries(named) as Partial<O>; // Names and values as they came.
}

export const required = (need: Need): Need & { readonly isRequired: true } => ({
  ...need,
  isRequired: true,
});

/** A number whose range is known where it is declared. */
export const wholeFrom = (min: number): Need => ({
  words: `a whole number of at least ${min}`,
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= min,
});

/** Where the range is checked it is said what the number must be; but there `null` would pass for none. */
export const aNumber: Need = { words: "a number", fits: (value) => value !== null };

export const aFunction: Need = {
  words: "a function",
  fits: (value) => typeof value === "function",
};

export const aSwitch: Need = {
  words: "true or false",
  fits: (value) => typeof value === "boolean",
};

export const aText: Need = {
  words: "a text that is not empty",
  fits: (value) => typeof value === "string" && value !== "",
};

export const anyText: Need = { words: "a text", fits: (value) => typeof value === "string" };

export const aList: Need = { words: "a list", fits: (value) => Array.isArray(value) };

/** What errors, events and figures call it. */
export const aName: Need & { readonly isRequired: true } = {
  words: "a text that is not empty",
  fits: (value) => typeof value === "string" && value !== "",
  isRequired: true,
};

/** Options within options, or a thing that is looked at elsewhere. */
export const anObject: Need = {
  words: "an object",
  fits: (value) => Object.prototype.toString.call(value) === "[object Object]",
};

/** A thing that others bring: it must have what is called on it. */
export const having = (...methods: readonly string[]): Need => ({
  words: `an object with ${methods.join("(), ")}()`,
  fits: (value) =>
    !Array.isArray(value) &&
    methods.every(
      (method) =>
        typeof (value as Readonly<Record<string, unknown>> | null)?.[method] === "function",
    ),
});

/** One of these texts, or what another need takes as well. */
export const oneOf = (texts: readonly string[], other?: Need): Need => {
  const names = texts.map((text) => JSON.stringify(text));
  const last = other?.words ?? names.pop();
  return {
    words: `${names.join(", ")} or ${last}`,
    fits: (value) => texts.includes(value as string) || (other?.fits(value) ?? false),
  };
};

export const aClock: Need = /* @__PURE__ */ having("epochMs", "monotonicMs", "after", "immediate");

export const aClassifier: Need = /* @__PURE__ */ having("classify");

export const aPolicy: Need = /* @__PURE__ */ having("execute");

export const aRandom: Need = /* @__PURE__ */ having("next", "uuid");

/**
 * Returns `value` where it is a whole number of at least `min`.
 *
 * @throws {@link RangeError} naming the option, so that a wrong setting fails where it was written.
 */
export function wholeNumber(option: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw refused(option, wholeFrom(min).words, value);
}

/**
 * Returns `value` where it lies between `min` and `max`, both included.
 *
 * @throws {@link RangeError} naming the option.
 */
export function numberBetween(option: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  const from = min === Number.MIN_VALUE ? "above 0" : `from ${min}`;
  throw refused(option, `a number ${max === Infinity ? from : `${from} to ${max}`}`, value);
}

/** The one sentence about options: which, what it must be, what it got. */
export const refused = (option: string, words: string, value: unknown): RangeError =>
  new RangeError(`${option} must be ${words}, got ${shown(value)}`);

/** A number that is text, as those of the environment, is told from the number. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (Object(value) === value) return "an object";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The nearest is by the pairs of letters that both have: a slip of the fingers leaves most of them. */
function unknown(owner: string, name: string, names: readonly string[]): RangeError {
  const unlike = (other: string): number =>
    other.length -
    2 * [...name].filter((_, place) => other.includes(name.slice(place, place + 2))).length;
  const [nearest] = names.toSorted((one, other) => unlike(one) - unlike(other));
  return new RangeError(`${owner} has no option "${name}"; the nearest is "${nearest}"`);
}
