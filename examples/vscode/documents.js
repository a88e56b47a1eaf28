/** Exchanges as read-only documents: `weir:/SESSION/SEQ.txt`. */
import * as vscode from 'vscode'
import { exchangeText } from './exchange-text.js'

export const scheme = 'weir'

/** @param {{sessionId: string, seq: number}} exchange */
export const uriOf = ({ sessionId, seq }) => vscode.Uri.from({ scheme, path: `/${sessionId}/${seq}.txt` })

/** @implements {vscode.TextDocumentContentProvider} */
export class ExchangeDocuments {
  #changes = /** @type {vscode.EventEmitter<vscode.Uri>} */ (new vscode.EventEmitter())
  onDidChange = this.#changes.event
  /** @type {import('./daemon.js').Daemon} */ #daemon

  /** @param {import('./daemon.js').Daemon} daemon */
  constructor(daemon) {
    this.#daemon = daemon
  }

  /** @param {vscode.Uri} uri */
  async provideTextDocumentContent(uri) {
    const [, sessionId = '', seq = ''] = /^\/([^/]+)\/(\d+)\.txt$/.exec(uri.path) ?? []
    return exchangeText(this.#daemon, sessionId, Number(seq))
  }

  /**
   * An exchange that is looked at has changed: it is open, and goes on.
   * @param {string} sessionId
   * @param {number[]} seqs
   */
  changed(sessionId, seqs) {
    const open = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.toString()))
    for (const seq of seqs) {
      const uri = uriOf({ sessionId, seq })
      if (open.has(uri.toString())) this.#changes.fire(uri)
    }
  }
}
