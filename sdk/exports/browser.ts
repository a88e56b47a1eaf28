/** `@weir/weir/client` in browsers: the same but for what needs a socket or a process. Nothing is imported from anywhere else. */
export { type BodyOptions, bodyStream } from '../body-stream.ts'
export type { CallOptions, Client } from '../client-core.ts'
export { type Code, codes, type ErrorData, type ParamError, WeirError } from '../errors.ts'
export { type Change, type FollowingOptions, followWith } from '../follow-with.ts'
export type { Exchange, Headers, Message, Part, Request, Response, Session } from '../model.ts'
export type { Method, Notification, NotificationParams, Params, Result } from '../protocol.ts'
export type { Redact } from '../redaction/settings.ts'
export { connectWebSocket, type WebSocketOptions } from '../web-socket.ts'
