/** What can go wrong, as the caller sees it. */

/** A request to the service failed. The message says what is wrong and what to do. */
export class StrategicMemoryError extends Error {
  /** Whether the same request may succeed later or at another server. */
  readonly transient: boolean = false;
  /** Why, as the service names it (the names of `ErrorReason`, without prefix); empty when it did not tell. */
  readonly reason: string;
  /** Address of the server that was asked; empty when it did not come to that. */
  readonly address: string;

  constructor(message: string, { reason = "", address = "" } = {}) {
    super(message);
    this.name = new.target.name;
    this.reason = reason;
    this.address = address;
  }
}

/**
 * The server cannot be reached, goes away, or cannot answer yet. `reason`: DRAINING, LOG_NOT_READ or
 * MEMORY_UNREADABLE; BEHIND: it knows less than was received already, as this library found.
 */
export class ServiceUnavailableError extends StrategicMemoryError {
  override readonly transient = true;
}

/** A stream was open, but nothing was heard on it for several heartbeats. */
export class SilentServerError extends ServiceUnavailableError {}

/** The server did not answer within the timeout. */
export class DeadlineExceededError extends StrategicMemoryError {
  override readonly transient = true;
}

/** The server failed in a way it did not expect. */
export class ServerFaultError extends StrategicMemoryError {
  override readonly transient = true;
}

/** The call was cancelled before it was answered. */
export class CallCancelledError extends StrategicMemoryError {
  override readonly transient = true;
}

/** A limit was reached: the server is out of room, or a message is too large. */
export class ResourceExhaustedError extends StrategicMemoryError {
  override readonly transient: boolean = true;
  /** Milliseconds before which the server would refuse it again, as it says. null: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, { reason = "", address = "", retryAfterMs = null as number | null } = {}) {
    super(message, { reason, address });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server has as many subscribers as it admits. */
export class TooManySubscribersError extends ResourceExhaustedError {}

/** A request or an answer is larger than this client or the service takes. The same one always is. */
export class MessageTooLargeError extends ResourceExhaustedError {
  override readonly transient = false;
}

/** What is wrong with one field. */
export interface FieldViolation {
  /** Path of the field, for example "memory.tradeResults.realizedPnl[3]". */
  readonly field: string;
  /** What is wrong with it. */
  readonly description: string;
}

/** The request is not valid. Sending it again will not help. */
export class InvalidRequestError extends StrategicMemoryError {
  /** What is wrong, field by field; empty when the server did not name a field. */
  readonly violations: readonly FieldViolation[];

  constructor(message: string, violations: readonly FieldViolation[], { address = "" } = {}) {
    super(message, { address });
    this.violations = violations;
  }
}

/** The server said what the contract rules out, such as a leverage of 50. Nothing of it is used. */
export class InvalidAnswerError extends StrategicMemoryError {
  override readonly transient = true;
  /** What cannot be, field by field. */
  readonly violations: readonly FieldViolation[];

  constructor(message: string, violations: readonly FieldViolation[], { address = "" } = {}) {
    super(message, { address });
    this.violations = violations;
  }
}

/** What a server tells of its log when it refuses a resume point. */
export interface LogBounds {
  /** Oldest revision that the log still holds. null when the server did not tell. */
  readonly oldest: number | null;
  /** Newest revision of the log. null when the server did not tell. */
  readonly current: number | null;
  /** Epoch of the log; empty when the server did not tell. */
  readonly epoch: string;
}

/**
 * The log cannot be continued from the revision to resume after: something would be missing. `reason`:
 * REVISION_COMPACTED, REVISION_IN_FUTURE or EPOCH_CHANGED.
 */
export class ResumePointError extends StrategicMemoryError implements LogBounds {
  readonly oldest: number | null;
  readonly current: number | null;
  readonly epoch: string;

  constructor(message: string, bounds: LogBounds, { reason = "", address = "" } = {}) {
    super(message, { reason, address });
    this.oldest = bounds.oldest;
    this.current = bounds.current;
    this.epoch = bounds.epoch;
  }
}

/** Every revision was asked for, but the server left some out. */
export class RevisionGapError extends StrategicMemoryError {
  /** The revision that should have come. */
  readonly expected: number;
  /** The revision that came. */
  readonly received: number;

  constructor(message: string, expected: number, received: number, { address = "" } = {}) {
    super(message, { address });
    this.expected = expected;
    this.received = received;
  }
}

/** The service has no portfolio of that name, or has none any more. */
export class UnknownPortfolioError extends StrategicMemoryError {
  /** The name that looks to be meant; empty: none does. */
  readonly nearest: string;

  constructor(message: string, nearest: string, { reason = "", address = "" } = {}) {
    super(message, { reason, address });
    this.nearest = nearest;
  }
}

/** The server does not accept who we are, or does not let us do this. */
export class AccessDeniedError extends StrategicMemoryError {}

/** The server does not know this operation: another program, or an older version, listens there. */
export class UnsupportedOperationError extends StrategicMemoryError {}

/** The client was closed before, or while, it was used. */
export class ClientClosedError extends StrategicMemoryError {
  constructor() {
    super("the client is closed: make a new one");
  }
}
