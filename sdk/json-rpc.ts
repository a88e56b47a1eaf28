/** The one home of vscode-jsonrpc: framing, correlation and cancellation, for the client and the daemon alike. */

export type { CancellationToken, DataCallback, Disposable, Message, MessageConnection } from 'vscode-jsonrpc/node'
export {
  AbstractMessageReader,
  AbstractMessageWriter,
  CancellationTokenSource,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
