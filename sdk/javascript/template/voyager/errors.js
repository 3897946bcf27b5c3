// Errors of the host as exceptions, one class for each kind, and back.
//
// An operation that is wrapped in `operation` gives them on: the error of its task has the kind, which is what
// `on-error` and `retry` of a manifest look at. Anything else that is thrown ends the skill, with kind
// `trapped`.

/** Why the host did not do what was asked, or what the skill itself found wrong. */
export class HostError extends Error {
  /**
   * @param {string} kind The kind, as manifests name it; of `other` the code.
   * @param {string} message One sentence for a person.
   * @param {{ bound?: string, retry?: object }} more The missing grant, or the bound that was hit with its
   *   value; and whether the same call may succeed later.
   */
  constructor(kind, message, { bound = null, retry = { tag: "never" } } = {}) {
    super(message);
    this.name = new.target.name;
    this.kind = kind;
    this.bound = bound;
    this.retry = retry;
  }

  /** The error as WIT has it. */
  variant() {
    const fault = { message: this.message, bound: this.bound, retry: this.retry };
    if (Object.hasOwn(KINDS, this.kind)) return { tag: this.kind, val: fault };
    return { tag: "other", val: { code: this.kind, fault } };
  }
}

const ofKind = (kind) =>
  class extends HostError {
    constructor(message, more) {
      super(kind, message, more);
    }
  };

/** No grant covers this; `bound` is the line of a manifest that would do. */
export class Denied extends ofKind("denied") {}
/** What was named does not exist. */
export class NotFound extends ofKind("not-found") {}
/** The question itself is malformed. */
export class Invalid extends ofKind("invalid") {}
/** Somebody else changed what this call wanted to change. */
export class Conflict extends ofKind("conflict") {}
/** A limit bit; `bound` names it with its value. */
export class LimitHit extends ofKind("limit") {}
/** A deadline passed. */
export class TimedOut extends ofKind("timeout") {}
/** The service can't answer now. */
export class Unavailable extends ofKind("unavailable") {}
/** A crash left open whether an earlier effect happened. */
export class UnknownEffect extends ofKind("unknown-effect") {}
/** The run was cancelled. */
export class Cancelled extends ofKind("cancelled") {}
/** Anything else; the code, which is the kind too, is for programs. */
export class Other extends HostError {}

const KINDS = {
  denied: Denied,
  "not-found": NotFound,
  invalid: Invalid,
  conflict: Conflict,
  limit: LimitHit,
  timeout: TimedOut,
  unavailable: Unavailable,
  "unknown-effect": UnknownEffect,
  cancelled: Cancelled,
};

/** The error of the host as an exception. */
export function exception({ tag, val }) {
  if (tag === "other") return new Other(val.code, val.fault.message, val.fault);
  return new KINDS[tag](val.message, val);
}

/** Asks the host; its errors are thrown as `HostError`. */
export function asking(question) {
  try {
    return question();
  } catch (error) {
    // The bindings put the error of a `result` into `payload`.
    throw error?.payload?.tag === undefined ? error : exception(error.payload);
  }
}

/** An operation that fails with `error`: it may throw `HostError`, or let those of the host through. */
export function operation(work) {
  return (...values) => {
    try {
      return work(...values);
    } catch (error) {
      throw error instanceof HostError ? error.variant() : error;
    }
  };
}
