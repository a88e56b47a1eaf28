/** Reads the session once and writes the collection at its end: until then all requests and examples are set aside, for folders come together from everywhere. */
import { createHash } from 'node:crypto'
import type { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Response } from '../../../sdk/model.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'
import { token } from '../replay/fields.ts'
import { isCut } from '../text/cut.ts'
import { PacedText } from '../text/paced-text.ts'
import { SetAside } from '../text/set-aside.ts'
import { exampleOf } from './example.ts'
import { authority, endpointPath, type Folder, type FolderKind, FolderTree } from './folders.ts'
import { exactBehavior, type PostmanRequest, RequestMaker } from './request.ts'
import { type PostmanUrl, postmanUrl } from './url.ts'

type Sameness = 'request' | 'endpoint' | 'none'

interface WriterOptions {
  title: string
  folders: FolderKind
  /** Which requests become one. */
  deduplicate: Sameness
  /** Of one request, at most. */
  examples: number
  maxBodyBytes: number
  /** For what is set aside. */
  folder: string
}

const schema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json'
/** More are left out. */
const requestsMaximum = 500_000

export class CollectionWriter {
  #options: WriterOptions
  #text: PacedText
  #types = new MediaTypes()
  #requests = new RequestMaker()
  #aside: SetAside
  #tree: FolderTree
  /** The pieces of requests; their examples follow them. */
  #known = new Map<string, number>()
  /** Of each piece that is an example, so that equal ones are kept once. */
  #prints: number[] = []
  #count = 0

  constructor(out: Writable, options: WriterOptions) {
    this.#options = options
    this.#text = new PacedText(out)
    this.#aside = new SetAside(options.folder)
    this.#tree = new FolderTree(options.folders)
  }

  /** @param leaveOut called for what is no request to make again: tunnels, WebSockets, bodies that were cut or are too large, odd hosts and methods */
  async write(exchanges: AsyncIterable<ExportedExchange>, leaveOut: () => void, signal: AbortSignal): Promise<void> {
    try {
      for await (const exchange of exchanges) if (!(await this.#take(exchange))) leaveOut()
      await this.#collection(signal)
    } finally {
      this.#aside.close()
    }
  }

  async #take(exchange: ExportedExchange): Promise<boolean> {
    const { request, kind } = exchange
    const fits =
      kind === 'http' && !isCut(exchange, 'request') && request.bodySize <= this.#options.maxBodyBytes && token.test(request.method)
    const url = fits ? postmanUrl(request.url) : null
    if (url === null) return false
    const bytes = Buffer.from(request.bodySize > 0 ? await exchange.readBody('request') : [])
    const print = this.#print(request.method, url, bytes)
    const known = print === null ? undefined : this.#known.get(print)
    if (known !== undefined && this.#isFull(known)) return true
    if (known === undefined && this.#count >= requestsMaximum) return false
    const made = this.#requests.make(request, url, bytes)
    const piece = known ?? this.#add(made, print)
    if (exchange.response && !this.#isFull(piece)) await this.#addExample(piece, exchange, exchange.response, made)
    return true
  }

  /** null: no request is the same as this one. */
  #print(method: string, url: PostmanUrl, body: Buffer): string | null {
    const { deduplicate } = this.#options
    if (deduplicate === 'none') return null
    const hash = createHash('sha256')
    if (deduplicate === 'endpoint') hash.update(`${method} ${url.protocol}://${authority(url)}${endpointPath(url)}`)
    else hash.update(`${method} ${url.raw} `).update(body)
    return hash.digest().toString('latin1', 0, 16)
  }

  #add(request: PostmanRequest, print: string | null): number {
    const path = this.#options.deduplicate === 'endpoint' ? endpointPath(request.url) : `/${request.url.path.join('/')}`
    const item = JSON.stringify({ name: path.slice(0, 200), request })
    const piece = this.#aside.add(`${item.slice(0, -1)},"response":[`)
    if (print !== null) this.#known.set(print, piece)
    this.#tree.folderFor(request.url).requests.push(piece)
    this.#count++
    return piece
  }

  #isFull(request: number): boolean {
    return [...this.#aside.chain(request)].length > this.#options.examples
  }

  async #addExample(request: number, exchange: ExportedExchange, response: Response, original: PostmanRequest): Promise<void> {
    const example = await exampleOf(exchange, response, original, this.#types, this.#options.maxBodyBytes)
    const print = createHash('sha256').update(`${example.name}\n${example.body}`).digest().readUIntBE(0, 6)
    const chain = [...this.#aside.chain(request)]
    if (chain.some((piece) => this.#prints[piece] === print)) return
    this.#prints[this.#aside.add(JSON.stringify(example), chain.at(-1))] = print
  }

  async #collection(signal: AbortSignal): Promise<void> {
    const info = { name: this.#options.title, schema }
    this.#text.add(`{"info":${JSON.stringify(info)},"protocolProfileBehavior":${JSON.stringify(exactBehavior)},"item":[`)
    await this.#items(this.#tree.root, signal)
    this.#text.add(`\n],"variable":${JSON.stringify(this.#requests.templates.variables)}}\n`)
    await this.#text.flush()
  }

  async #items({ folders, requests }: Folder, signal: AbortSignal): Promise<void> {
    let between = '\n'
    for (const [name, folder] of folders) {
      this.#text.add(`${between}{"name":${JSON.stringify(name)},"item":[`)
      await this.#items(folder, signal)
      this.#text.add('\n]}')
      between = ',\n'
    }
    for (const request of requests) {
      for (const piece of this.#aside.chain(request)) {
        if (signal.aborted) return
        this.#text.add(between + this.#aside.read(piece))
        between = piece === request ? '' : ','
        if (this.#text.isFull) await this.#flush()
      }
      this.#text.add(']}')
      between = ',\n'
    }
  }

  /** Nothing else here waits for anything: so a cancellation is heard. */
  async #flush(): Promise<void> {
    await this.#text.flush()
    await setImmediate()
  }
}
