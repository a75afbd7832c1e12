/** Answers that fit a schema. */

export type {
  OutputOf,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
} from "./standard-schema.ts";
export {
  type ValidateOptions,
  ValidatePolicy,
  type ValidateStats,
  validateNeeds,
} from "./validate-policy.ts";
export { ValidationFailedError, type ValidationIssue } from "./validation-error.ts";
