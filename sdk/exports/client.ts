/**
 * `@weir/weir/client`: talking to the daemon. Runs on Node 20 and newer; a daemon that has to be started (`connectOrStart`) needs 22.18. Types of the
 * protocol cost nothing at run time.
 */
export { type BodyOptions, bodyStream } from '../body-stream.ts'
export { type CallOptions, type Client, type ConnectOptions, connect, connectStream } from '../client.ts'
export { connectOrStart, type StartOptions, startDaemon } from '../daemon-process.ts'
export { type Code, codes, type ErrorData, type ParamError, WeirError } from '../errors.ts'
export { type FollowOptions, follow } from '../follow.ts'
export { type Change, type FollowingOptions, followWith } from '../follow-with.ts'
export { type Environment, type Home, homeAt, resolveHome } from '../home.ts'
export type { Exchange, Headers, Message, Part, Request, Response, Session } from '../model.ts'
export type { Method, Notification, NotificationParams, Params, Result } from '../protocol.ts'
export type { Redact } from '../redaction/settings.ts'
export { connectWebSocket, type WebSocketOptions } from '../web-socket.ts'
