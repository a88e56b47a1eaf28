/** weir in VS Code: two trees, a kind of document and a few commands, over `weir stdio`. */
import * as vscode from 'vscode'
import { Daemon } from './daemon.js'
import { ExchangeDocuments, scheme, uriOf } from './documents.js'
import { LiveList } from './live-list.js'
import { exchangeTree, sessionTree } from './views.js'

/** @typedef {import('../../sdk/model.ts').Session} Session */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */

const listed = 500
/** Trees are drawn anew at most so often, ms. */
const redrawMs = 200

/** @param {vscode.ExtensionContext} context */
export function activate(context) {
  const settings = () => vscode.workspace.getConfiguration('weir')
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  const daemon = new Daemon(settings().get('command', ['weir', 'stdio']), folder === undefined ? {} : { cwd: folder })
  /** @type {Map<string, Session>} */
  const sessions = new Map()
  const documents = new ExchangeDocuments(daemon)
  const list = new LiveList(daemon, listed, (seqs) => {
    redrawExchanges()
    if (list.sessionId !== null) documents.changed(list.sessionId, seqs)
  })
  const sessionsTree = sessionTree(() => [...sessions.values()].reverse())
  const exchangesTree = exchangeTree(() => list.exchanges)
  const redrawSessions = atMostEvery(redrawMs, () => sessionsTree.refresh())
  const redrawExchanges = atMostEvery(redrawMs, () => exchangesTree.refresh())
  const exchangesView = vscode.window.createTreeView('weir.exchanges', { treeDataProvider: exchangesTree })

  async function loadSessions() {
    const { items } = await daemon.call('session/list', {})
    sessions.clear()
    for (const session of items) sessions.set(session.id, session)
    redrawSessions()
  }

  daemon.on('state', (state, why) => {
    void vscode.commands.executeCommand('setContext', 'weir.state', state)
    if (state === 'connected') report(Promise.all([loadSessions(), list.resume()]))
    else if (state !== 'connecting') sessions.clear()
    if (state === 'lost') vscode.window.setStatusBarMessage(`weir: ${why}`, 5000)
    redrawSessions()
  })
  daemon.on('session/didChange', ({ session }) => {
    sessions.set(session.id, session)
    redrawSessions()
  })
  daemon.on('session/didDelete', ({ sessionId }) => {
    sessions.delete(sessionId)
    redrawSessions()
  })

  /**
   * @param {string | null} sessionId
   * @param {string} [where]
   */
  async function show(sessionId, where = '') {
    exchangesView.description = where
    await list.show(sessionId, where)
  }

  /**
   * Rejects when the format has no words for the request.
   * @param {Exchange} exchange
   * @param {string} exporter
   * @returns {Promise<string>}
   */
  async function written({ sessionId, seq }, exporter) {
    const redact = settings().get('redact', 'standard')
    const { text, exchanges } = await daemon.call('exporter/run', { sessionId, exporter, where: `seq:${seq}`, redact })
    if (exchanges === 0) throw new Error(`this request cannot be written by the exporter ${exporter} so that it is sent as it was`)
    return text
  }

  /** @type {{[name: string]: (subject: any) => Promise<unknown>}} */
  const commands = {
    async connect() {
      if (daemon.state === 'connected') await loadSessions()
      else daemon.connect()
    },
    async startSession() {
      const name = await vscode.window.showInputBox({ prompt: 'Name of the session', value: vscode.workspace.name ?? '' })
      if (name === undefined) return
      /** @type {Session} */
      const session = await daemon.call('session/start', name === '' ? {} : { name })
      sessions.set(session.id, session)
      redrawSessions()
      await show(session.id)
      const proxy = `http://${session.proxy?.host}:${session.proxy?.port}`
      void vscode.window.showInformationMessage(`weir captures what goes through ${proxy}`, 'Copy').then((chosen) => {
        if (chosen === 'Copy') void vscode.env.clipboard.writeText(proxy)
      })
    },
    async stopSession(/** @type {Session} */ { id }) {
      sessions.set(id, await daemon.call('session/stop', { sessionId: id }))
      redrawSessions()
    },
    showSession: async (/** @type {Session} */ { id }) => show(id),
    async filter() {
      const where = await vscode.window.showInputBox({
        prompt: 'A query, as status:>=400 or host:api.example.com; empty: all',
        value: list.where,
        validateInput: async (value) => {
          const refusal = await daemon.call('query/explain', { where: value }).then(
            () => null,
            (error) => error.message,
          )
          return refusal
        },
      })
      if (where !== undefined) await show(list.sessionId, where)
    },
    async showExchange(/** @type {Exchange} */ exchange) {
      const document = await vscode.workspace.openTextDocument(uriOf(exchange))
      await vscode.window.showTextDocument(document, { preview: true })
    },
    async copyAsCurl(/** @type {Exchange} */ exchange) {
      await vscode.env.clipboard.writeText(await written(exchange, 'curl'))
      vscode.window.setStatusBarMessage('weir: copied as cURL', 3000)
    },
    async openAsHttp(/** @type {Exchange} */ exchange) {
      const content = await written(exchange, 'http')
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'http', content }))
    },
  }

  context.subscriptions.push(
    daemon,
    exchangesView,
    vscode.window.createTreeView('weir.sessions', { treeDataProvider: sessionsTree }),
    vscode.workspace.registerTextDocumentContentProvider(scheme, documents),
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(`weir.${name}`, (subject) => report(run(subject)))),
  )
  daemon.connect()
}

/**
 * Shows why something failed; nothing is lost in silence.
 * @param {Promise<unknown>} work
 */
async function report(work) {
  try {
    await work
  } catch (error) {
    void vscode.window.showErrorMessage(`weir: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * @param {number} ms
 * @param {() => void} act
 */
function atMostEvery(ms, act) {
  let isWaiting = false
  return () => {
    if (isWaiting) return
    isWaiting = true
    setTimeout(() => {
      isWaiting = false
      act()
    }, ms)
  }
}
