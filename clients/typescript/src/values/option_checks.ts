/** Checks of what a program gives as settings. What cannot work is a RangeError that names the setting. */

import { isIPv4 } from "node:net";

/** The longest time that a timer of Node.js waits; with a longer one it waits for 1 ms. */
export const LONGEST_MS = 2 ** 31 - 1;

/** Return a number within the bounds. */
export function checkedNumber(name: string, value: number, lowest: number, highest = LONGEST_MS): number {
  if (typeof value !== "number" || !(lowest <= value && value <= highest)) {
    throw new RangeError(`${name} must be a number from ${lowest} to ${highest}, is ${shown(value)}`);
  }
  return value;
}

/** Return the name of a portfolio, or nothing for the default one. */
export function checkedPortfolio(name: string, value: string): string {
  if (typeof value !== "string" || !/^[A-Za-z0-9._-]{0,64}$/.test(value)) {
    throw new RangeError(
      `${name} must be 1 to 64 letters, digits, dots, dashes and underscores, or empty for the default one, is ${shown(value)}`,
    );
  }
  return value;
}

/** Return a number above 0. */
export function checkedAbove0(name: string, value: number): number {
  if (typeof value !== "number" || !(0 < value && value <= LONGEST_MS)) {
    throw new RangeError(`${name} must be a number above 0 and at most ${LONGEST_MS}, is ${shown(value)}`);
  }
  return value;
}

/** Return a whole number within the bounds. */
export function checkedWhole(name: string, value: number, lowest: number, highest = LONGEST_MS): number {
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw new RangeError(`${name} must be a whole number from ${lowest} to ${highest}, is ${shown(value)}`);
  }
  return value;
}

/** Let an object have no other keys than those known: one that is misspelt would be without effect. */
export function checkedKeys(name: string, given: object, known: readonly string[]): void {
  if (typeof given !== "object" || given === null) throw new RangeError(`${name} must be an object, is ${shown(given)}`);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new RangeError(`${name} has no ${JSON.stringify(unknown)}: it takes ${known.join(", ")}`);
  }
}

/** Return a text. */
export function checkedText(name: string, value: string): string {
  if (typeof value !== "string") throw new RangeError(`${name} must be a text, is of type ${typeof value}`);
  return value;
}

/** Return a function. */
export function checkedFunction<Given>(name: string, value: Given): Given {
  if (typeof value !== "function") throw new RangeError(`${name} must be a function, is ${shown(value)}`);
  return value;
}

/** Return a token; a message about what cannot be one does not show it. */
export function checkedToken(name: string, value: string): string {
  if (typeof value === "string" && /^[!-~]{1,512}$/.test(value)) return value;
  throw new RangeError(`${name} must be 1 to 512 printable ASCII characters without a space`);
}

/** Whether an address is of the machine itself, so that nobody is on the way there. */
export function isThisMachine(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "").toLowerCase();
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** Return the addresses, of one or of several. */
export function checkedAddresses(address: string | readonly string[]): readonly string[] {
  const addresses = typeof address === "string" ? [address] : Array.isArray(address) ? [...address] : [address];
  if (addresses.length === 0) throw new RangeError("address: give at least one, for example 127.0.0.1:50051");
  for (const each of addresses) {
    if (!isAddress(each)) {
      throw new RangeError(
        `address: ${shown(each)} is not one: write host:port, for example 127.0.0.1:50051 or [::1]:50051`,
      );
    }
  }
  return addresses;
}

function isAddress(address: unknown): boolean {
  const parts = typeof address === "string" ? /^(\[[0-9a-fA-F:.]+\]|[^\s:/@[\],]+):(\d{1,5})$/.exec(address) : null;
  return parts !== null && 0 < Number(parts[2]) && Number(parts[2]) < 2 ** 16;
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
