/** Inline memories as wire messages: columns of names go packed, as a table of names and codes. */

import { create } from "@bufbuild/protobuf";
import {
  type InlineMemory as WireMemory,
  InlineMemorySchema,
  PortfolioColumnsSchema,
  RegimeColumnsSchema,
  TradeColumnsSchema,
} from "../generated/strategic_memory/v1/memory_pb.js";
import type { InlineMemory, PortfolioColumns, RegimeColumns, TradeColumns } from "../values/analysis.js";
import { invalid, known, numberValue, shown, text, whole } from "./request_values.js";

type Given = ArrayLike<unknown> | undefined;

/** Return an inline memory as a message; one without entries is an inline memory too, and not the stored one. */
export function inlineToWire(memory: InlineMemory): WireMemory {
  known(memory, "memory", ["regimeObservations", "portfolioEntries", "tradeResults", "maxLeverageHint"]);
  const { regimeObservations, portfolioEntries, tradeResults, maxLeverageHint } = memory;
  const wire = create(InlineMemorySchema);
  if (regimeObservations !== undefined) wire.regimeObservations = regimes(regimeObservations, "memory.regimeObservations");
  if (portfolioEntries !== undefined) wire.portfolioEntries = portfolio(portfolioEntries, "memory.portfolioEntries");
  if (tradeResults !== undefined) wire.tradeResults = trades(tradeResults, "memory.tradeResults");
  if (maxLeverageHint !== undefined) wire.maxLeverageHint = numberValue(maxLeverageHint, "memory.maxLeverageHint");
  return wire;
}

/** Return the field of this library for one that the service names: a column of names is one here, two when packed. */
export function givenField(field: string): string {
  const unpacked = field.replace(/^(inline\.\w+\.\w+?)_(?:code|names)(\[\d+\])?$/, "$1$2").replace(/^inline\b/, "memory");
  return unpacked
    .replace(/^settings\.max_age\b/, "settings.maxAgeMs")
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function regimes(columns: RegimeColumns, path: string) {
  known(columns, path, ["regime", "pnl", "volatility", "trend", "confidence", "timeMs"]);
  const names = packed(columns.regime, `${path}.regime`, text);
  return create(RegimeColumnsSchema, {
    regimeNames: names.table,
    regimeCode: names.codes,
    pnl: column(columns.pnl, `${path}.pnl`, numberOrNaN),
    volatility: column(columns.volatility, `${path}.volatility`, numberOrNaN),
    trend: column(columns.trend, `${path}.trend`, numberOrNaN),
    confidence: column(columns.confidence, `${path}.confidence`, numberOrNaN),
    timeMs: column(columns.timeMs, `${path}.timeMs`, milliseconds),
  });
}

function portfolio(columns: PortfolioColumns, path: string) {
  known(columns, path, ["regime", "pnl", "timeMs", "openedAt"]);
  const names = packed(columns.regime, `${path}.regime`, textOrEmpty);
  return create(PortfolioColumnsSchema, {
    regimeNames: names.table,
    regimeCode: names.codes,
    pnl: column(columns.pnl, `${path}.pnl`, numberValue),
    timeMs: column(columns.timeMs, `${path}.timeMs`, milliseconds),
    openedAt: column(columns.openedAt, `${path}.openedAt`, millisecondsOr0),
  });
}

function trades(columns: TradeColumns, path: string) {
  known(columns, path, ["marketRegime", "realizedPnl", "policy", "strategy", "timeMs", "openedAt"]);
  const regimeNames = packed(columns.marketRegime, `${path}.marketRegime`, textOrEmpty);
  const policyNames = packed(columns.policy, `${path}.policy`, textOrEmpty);
  const strategyNames = packed(columns.strategy, `${path}.strategy`, textOrEmpty);
  return create(TradeColumnsSchema, {
    marketRegimeNames: regimeNames.table,
    marketRegimeCode: regimeNames.codes,
    realizedPnl: column(columns.realizedPnl, `${path}.realizedPnl`, numberValue),
    policyNames: policyNames.table,
    policyCode: policyNames.codes,
    strategyNames: strategyNames.table,
    strategyCode: strategyNames.codes,
    timeMs: column(columns.timeMs, `${path}.timeMs`, milliseconds),
    openedAt: column(columns.openedAt, `${path}.openedAt`, millisecondsOr0),
  });
}

function column<Sent>(given: Given, path: string, convert: (value: unknown, path: string) => Sent): Sent[] {
  if (given === undefined) return [];
  if (typeof given === "string" || typeof given?.length !== "number") {
    throw invalid(path, `must be a column of values, is ${shown(given)}`);
  }
  return Array.from(given, (value, index) => convert(value, `${path}[${index}]`));
}

function packed(given: Given, path: string, convert: (value: unknown, path: string) => string) {
  const places = new Map<string, number>();
  const codes = column(given, path, (value, at) => {
    const name = convert(value, at);
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    return place;
  });
  return { table: [...places.keys()], codes };
}

function textOrEmpty(value: unknown, path: string): string {
  return value === null || value === undefined ? "" : text(value, path);
}

function numberOrNaN(value: unknown, path: string): number {
  return value === null || value === undefined ? NaN : numberValue(value, path);
}

function milliseconds(value: unknown, path: string): bigint {
  const ms = value instanceof Date ? value.getTime() : value;
  return BigInt(whole(ms, path, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
}

function millisecondsOr0(value: unknown, path: string): bigint {
  return value === null || value === undefined ? 0n : milliseconds(value, path);
}
