/** The one error shape: a JSON-RPC code, a stable reason, a sentence that says what to do. */

/** JSON-RPC 2.0 section 5.1, LSP 3.17 (-32002, -32800), and weir's own few positive codes. */
export const codes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  notInitialized: -32002,
  cancelled: -32800,
  notFound: 1001,
  conflict: 1002,
  pluginFailed: 1003,
  limitExceeded: 1004,
  unavailable: 1005,
  missingCapability: 1006,
} as const

export type Code = (typeof codes)[keyof typeof codes]

/** What is wrong with one param: `path` is a JSON pointer into the params. */
export interface ParamError {
  path: string
  message: string
}

export interface ErrorData {
  /** A stable camelCase word: programs match on it, never on the message. */
  reason: string
  errors?: ParamError[]
  [more: string]: unknown
}

/** Every failure weir itself reports. It survives a thread, a process and the wire: see `toWire` and `fromWire`. */
export class WeirError extends Error {
  readonly code: Code
  readonly data: ErrorData

  constructor(code: Code, reason: string, message: string, more: Omit<ErrorData, 'reason'> = {}) {
    super(message)
    this.name = 'WeirError'
    this.code = code
    this.data = { reason, ...more }
  }

  get reason(): string {
    return this.data.reason
  }
}

/** JSON-RPC 2.0 section 5.1: the error object. */
export interface WireError {
  code: number
  message: string
  data?: ErrorData
}

/** What may leave the daemon. An error that is not a WeirError says nothing of the inside: no message, no path. */
export function toWire(error: unknown): WireError {
  if (error instanceof WeirError) return { code: error.code, message: error.message, data: error.data }
  return {
    code: codes.internalError,
    message: 'weir failed inside; its log says more',
    data: { reason: 'internalError' },
  }
}

export function fromWire(error: WireError): WeirError {
  const { reason = 'unknown', ...more } = error.data ?? {}
  return new WeirError(error.code as Code, reason, error.message, more)
}

export const notFound = (reason: string, message: string) => new WeirError(codes.notFound, reason, message)
export const conflict = (reason: string, message: string) => new WeirError(codes.conflict, reason, message)
export const unavailable = (reason: string, message: string) => new WeirError(codes.unavailable, reason, message)
export const limitExceeded = (reason: string, message: string) => new WeirError(codes.limitExceeded, reason, message)
export const invalidParams = (reason: string, message: string, errors: ParamError[] = []) =>
  new WeirError(codes.invalidParams, reason, message, { errors })
