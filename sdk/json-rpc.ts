/** The one home of vscode-jsonrpc: framing, correlation and cancellation, for the client and the daemon alike. */

export type { CancellationToken, DataCallback, Disposable, Message, MessageConnection, MessageReader } from 'vscode-jsonrpc/node'
export {
  CancellationTokenSource,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
