/** Single values of a request. What does not fit is an InvalidRequestError naming the field. */

import { InvalidRequestError } from "../values/errors.js";

/** Return the error for one field; it is not thrown. */
export function invalid(field: string, description: string): InvalidRequestError {
  return new InvalidRequestError(`the request is not valid: ${field}: ${description}`, [{ field, description }]);
}

/** Let an object have no other keys than those known: one that is misspelt would be without effect. */
export function known(given: object, path: string, names: readonly string[]): void {
  if (typeof given !== "object" || given === null) throw invalid(path, `must be an object, is ${shown(given)}`);
  const unknown = Object.keys(given).find((key) => !names.includes(key));
  if (unknown !== undefined) throw invalid(`${path}.${unknown}`, `is not known: there are ${names.join(", ")}`);
}

/** Return a whole number within the bounds. */
export function whole(value: unknown, path: string, lowest: number, highest: number): number {
  if (Number.isInteger(value) && lowest <= (value as number) && (value as number) <= highest) return value as number;
  throw invalid(path, `must be a whole number from ${lowest} to ${highest}, is ${shown(value)}`);
}

/** Return a number. */
export function numberValue(value: unknown, path: string): number {
  if (typeof value === "number") return value;
  throw invalid(path, `must be a number, is ${shown(value)}`);
}

/** Return a yes or no. */
export function flag(value: unknown, path: string): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(path, `must be true or false, is ${shown(value)}`);
}

/** Return a text that can be sent. */
export function text(value: unknown, path: string): string {
  if (typeof value !== "string") throw invalid(path, `must be a text, is ${shown(value)}`);
  if (/\p{Surrogate}/u.test(value)) throw invalid(path, "must be a text that can be sent as UTF-8");
  return value;
}

/** Return a value as it is shown in a message. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
