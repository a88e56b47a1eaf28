/** What the two trees show. */
import * as vscode from 'vscode'
import { duration, outcome, visible } from './exchange-text.js'

/** @typedef {import('../../sdk/model.ts').Session} Session */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */

/**
 * A tree without branches over what `list` gives at the time.
 * @template T
 * @implements {vscode.TreeDataProvider<T>}
 */
class FlatTree {
  #changes = /** @type {vscode.EventEmitter<void>} */ (new vscode.EventEmitter())
  onDidChangeTreeData = this.#changes.event
  /** @type {() => T[]} */ #list
  /** @type {(element: T) => vscode.TreeItem} */ #item

  /**
   * @param {() => T[]} list
   * @param {(element: T) => vscode.TreeItem} item
   */
  constructor(list, item) {
    this.#list = list
    this.#item = item
  }

  refresh() {
    this.#changes.fire()
  }

  /** @param {T} element */
  getTreeItem(element) {
    return this.#item(element)
  }

  /** @param {T} [element] */
  getChildren(element) {
    return element === undefined ? this.#list() : []
  }
}

const sessionIcons = { running: 'record', paused: 'debug-pause', stopped: 'archive' }

/** @param {() => Session[]} list */
export const sessionTree = (list) =>
  new FlatTree(list, (session) => {
    const { id, name, state, proxy, counts } = session
    const item = new vscode.TreeItem(visible(name))
    item.id = id
    item.description = `${proxy ? `${proxy.host}:${proxy.port}, ` : ''}${counts.exchanges} exchanges${counts.gaps > 0 ? `, ${counts.gaps} gaps` : ''}`
    item.iconPath = new vscode.ThemeIcon(sessionIcons[state])
    item.contextValue = `session.${state}`
    item.tooltip = `${id}, ${state}`
    item.command = { command: 'weir.showSession', title: 'List its exchanges', arguments: [session] }
    return item
  })

/** @param {Exchange} exchange */
const exchangeIcon = ({ state, response }) => {
  if (state === 'open') return 'loading~spin'
  if (state !== 'complete') return 'error'
  return (response?.status ?? 0) >= 400 ? 'warning' : 'pass'
}

/** @param {() => Exchange[]} list */
export const exchangeTree = (list) =>
  new FlatTree(list, (exchange) => {
    const { sessionId, seq, request, durationMs } = exchange
    const item = new vscode.TreeItem(visible(`${request.method} ${request.url}`))
    item.id = `${sessionId}/${seq}`
    item.description = `${outcome(exchange)}, ${duration(durationMs)}`
    item.iconPath = new vscode.ThemeIcon(exchangeIcon(exchange))
    item.contextValue = 'exchange'
    item.tooltip = visible(request.url)
    item.command = { command: 'weir.showExchange', title: 'Show the exchange', arguments: [exchange] }
    return item
  })
