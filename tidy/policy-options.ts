/**
 * The options of every policy as tables, from the doc comments of their declarations. `npm run options`
 * renews them in docs/policies.md; a test holds them against the code.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSync } from "vite";

import { isNode, type Node, nameOf, root, walk } from "./sources.ts";

/** Headings, and the interfaces whose options stand under them. */
const chapters: readonly (readonly [heading: string, ...interfaces: readonly string[]])[] = [
  ["`RetryPolicy`", "retry/retry-options.ts RetryOptions"],
  ["`TokenRetryBudget`", "retry/retry-budget.ts TokenRetryBudgetOptions"],
  ["`RatioRetryBudget`", "retry/retry-budget.ts RatioRetryBudgetOptions"],
  [
    "`CircuitBreaker`",
    "circuit-breaker/circuit-breaker.ts CircuitBreakerOptions",
    "circuit-breaker/thresholds.ts CircuitThresholds",
  ],
  ["`circuitBreaker()`", "circuit-breaker/small-circuit.ts SmallCircuitOptions"],
  ["`CircuitSharing`", "circuit-breaker/circuit-sharing.ts CircuitSharingOptions"],
  ["`TimeoutPolicy`", "timeout/timeout-policy.ts TimeoutOptions"],
  ["`idleTimeout()`", "timeout/idle-timeout.ts IdleTimeoutOptions"],
  ["`Bulkhead`", "bulkhead/bulkhead.ts BulkheadOptions", "bulkhead/bulkhead.ts BulkheadThresholds"],
  [
    "`RateLimiter`",
    "rate-limit/rate-options.ts RateLimiterOptions",
    "rate-limit/rate-options.ts RateLimits",
  ],
  [
    "What a call claims: `limiter.with()`, `bulkhead.with()`, `executor.with()`",
    "waiting/claim.ts WaitingClaim",
    "rate-limit/rate-options.ts RateClaim",
    "executor/executor-options.ts CallClaim",
  ],
  ["`AdaptiveLimiter`", "adaptive-limit/adaptive-limiter.ts AdaptiveLimiterOptions"],
  ["`AdaptiveThrottle`", "adaptive-limit/adaptive-throttle.ts AdaptiveThrottleOptions"],
  ["`Hedge`", "hedge/hedge.ts HedgeOptions"],
  ["`HedgeBudget`", "hedge/hedge-budget.ts HedgeBudgetOptions"],
  [
    "`FallbackPolicy`",
    "fallback/fallback-policy.ts FallbackOptions",
    "fallback/fallback-policy.ts FallbackSource",
  ],
  ["`CachePolicy`", "cache/cache-policy.ts CacheOptions"],
  ["`ValidatePolicy`", "validate/validate-policy.ts ValidateOptions"],
  ["`ChaosPolicy`", "chaos/chaos-policy.ts ChaosOptions"],
  [
    "`ResilientExecutor`",
    "executor/executor-options.ts ExecutorOptions",
    "executor/settings.ts CallPolicies",
  ],
  [
    "`updateResilienceConfig`",
    "executor/resilience-update.ts ResilienceUpdate",
    "executor/resilience-update.ts PresetUpdate",
  ],
];

export interface PolicyOption {
  readonly chapter: string;
  readonly name: string;
  /** As it is declared. */
  readonly type: string;
  readonly isNumber: boolean;
  readonly meaning: string;
  readonly unit: string;
  readonly fallback: string;
  readonly range: string;
}

export function policyOptions(): readonly PolicyOption[] {
  return chapters.flatMap(([chapter, ...interfaces]) => {
    const all = interfaces.flatMap((place) => optionsOf(chapter, place));
    // What an interface says anew of an option that it takes over goes before.
    return all.filter(({ name }, index) => all.findIndex((each) => each.name === name) === index);
  });
}

/** The options that an interface declares itself. @param place `"retry/retry-options.ts RetryOptions"` */
export function optionsOf(chapter: string, place: string): readonly PolicyOption[] {
  const [file = "", wanted] = place.split(" ");
  const path = join(root, "packages/policy/src", file);
  const text = readFileSync(path, "utf8");
  const { program, comments } = parseSync(path, text);
  const found: PolicyOption[] = [];
  walk(program as unknown as Node, (node) => {
    if (node.type !== "TSInterfaceDeclaration" || nameOf(node["id"]) !== wanted) return;
    const body = node["body"] as { readonly body: readonly Node[] };
    for (const member of body.body) {
      const comment = comments.findLast(
        ({ end }) => end <= member.start && text.slice(end, member.start).trim() === "",
      );
      found.push(optionOf(chapter, member, comment?.value ?? "", text));
    }
  });
  if (found.length === 0) throw new Error(`There is no interface ${wanted} in ${file}`);
  return found;
}

function optionOf(chapter: string, member: Node, comment: string, text: string): PolicyOption {
  const name = nameOf(member["key"]) ?? "";
  const type = isNode(member["typeAnnotation"]) ? member["typeAnnotation"] : undefined;
  const typeText = type ? text.slice(type.start + 1, type.end).trim() : "";
  const isNumber = /^number\b(?!\s*\|)/.test(typeText);
  const words = comment
    .split("\n")
    .map((line) => line.replace(/^\s*\*\s?/, "").trim())
    .join(" ")
    .replace(/\{@link ([\w.]+)\}/g, "`$1`")
    .trim();
  const [meaning = "", fallback = ""] = words.split(/\s*@defaultValue\s+/);
  return {
    chapter,
    name,
    type: typeText,
    isNumber,
    ...apart(meaning || (alike[name]?.[0] ?? "")),
    unit: isNumber ? unitOf(name, meaning) : "",
    fallback: fallback || implied(name, member["optional"] === true),
  };
}

/** What every policy takes alike needs no sentence each time. */
const alike: Readonly<Record<string, readonly [meaning: string, fallback: string]>> = {
  clock: ["Where time comes from; tests bring their own.", "the system's clock"],
  random: ["Where chance comes from; tests bring their own.", "the system's chance"],
  classifier: ["Says what an error means.", "none"],
};

const implied = (name: string, isOptional: boolean): string =>
  isOptional ? (alike[name]?.[1] ?? "none") : "required";

const BOUND = "(?:\\d[\\d_,.]*(?<![,.])(?:e\\d+)?|`\\w+`)";

/** `a whole number from 1 to 9`, `0 to 1`, `above 0, up to 1`, `whole, from 1`. */
const RANGE = new RegExp(
  `(?:(?:a )?whole(?: number)?,? )?(?:(?:from|above) ${BOUND}(?:,? (?:up )?to ${BOUND})?|${BOUND} to ${BOUND})`,
  "i",
);

/** The range has a column of its own. */
function apart(text: string): { readonly meaning: string; readonly range: string } {
  const range = RANGE.exec(text)?.[0];
  if (range === undefined) return { meaning: text, range: "" };
  const meaning = text
    .replace(new RegExp(`[,;:]? ?(?:as a factor |in milliseconds )?${escaped(range)}`), "")
    .replace(/^[;:,.]\s*/, "")
    .replace(/\.\s*\.$/, ".");
  return { meaning: meaning.replace(/^./, (first) => first.toUpperCase()), range: lower(range) };
}

const lower = (text: string): string => text.replace(/^A? ?whole/i, "whole");

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function unitOf(name: string, meaning: string): string {
  if (/Ms$|^timeout$/.test(name)) return "ms";
  if (/[Bb]ytes$/.test(name)) return "bytes";
  if (/[Tt]okens|^cost$|^tokenRatio$/.test(name)) return "tokens";
  if (/[Rr]ate$|^burst$|[Ff]actor$|percentile|^ratio$/.test(name)) return "share";
  if (/^Share/.test(meaning)) return "share";
  if (/[Mm]ultiplier|tolerance|^k$/.test(name)) return "factor";
  return "count";
}

function optionTables(): string {
  const options = policyOptions();
  return chapters
    .map(([chapter]) => {
      const rows = options.filter((option) => option.chapter === chapter).map(rowOf);
      const head = "| option | meaning | unit | default | range |\n|---|---|---|---|---|";
      return `### ${chapter}\n\n${head}\n${rows.join("\n")}\n`;
    })
    .join("\n");
}

const rowOf = ({ name, meaning, unit, fallback, range }: PolicyOption): string =>
  `| \`${name}\` | ${cell(meaning)} | ${unit} | ${cell(fallback)} | ${cell(range)} |`;

const cell = (text: string): string => text.replaceAll("|", "\\|");

const OPENS = "<!-- options: written by `npm run options` -->\n";

/** The document with the tables as the code has them now. */
export function withTables(document: string): string {
  const start = document.indexOf(OPENS);
  if (start < 0) throw new Error(`The document has no line ${OPENS}`);
  return `${document.slice(0, start)}${OPENS}\n${optionTables()}`;
}

if (process.argv[1] && import.meta.filename === resolve(process.argv[1])) {
  const file = join(root, "docs/policies.md");
  writeFileSync(file, withTables(readFileSync(file, "utf8")));
  console.log("The options in docs/policies.md are as the code says.");
}
