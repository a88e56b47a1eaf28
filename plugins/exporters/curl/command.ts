/** One request as a cURL command. */
import type { Exchange, Request } from '../../../sdk/model.ts'
import { token } from '../replay/fields.ts'
import type { Script } from '../replay/script.ts'
import { caption } from '../text/caption.ts'
import { plainText, printf, quoted, shellWord } from './shell-text.ts'

/** curl writes them itself, by the request and by its body. */
const ofTransfer = new Set(['content-length', 'transfer-encoding', 'expect'])
/** curl adds them where nobody says otherwise. */
const added = ['User-Agent', 'Accept']
const formType = 'Content-Type'

const unsendable = /[\u0000\r\n]/g
const urlParts = /^(https?:\/\/)((?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d+)?)([/?].*)?$/is

/** A word holds at most 128 KiB (Linux); from there on, and where it is no plain text, a body comes by standard input. */
const wordBytes = 64 * 1024
/** Beyond it curl waits for a leave to send a body. */
const expectBytes = 1024 * 1024

export const curlScript: Script = {
  head: '#!/bin/sh\n',
  request(exchange, body) {
    const command = curlCommand(exchange, body)
    // Pasted into a shell that knows no comments (zsh) the first line is a command that is not found.
    return command === null ? null : `\n# ${caption(exchange)}\n${command}\n`
  },
  tail: '',
}

/** null: curl cannot make this request; its URL has a host that is none, or its method is no token. */
function curlCommand(exchange: Exchange, body: Buffer): string | null {
  const { request } = exchange
  const url = urlParts.exec(request.url)
  if (!url || !token.test(request.method)) return null
  const [, scheme = '', authority = '', target = ''] = url
  const words = [`curl --path-as-is -g ${urlWords(scheme + authority, target)}`, ...versionWords(request, scheme)]
  const empty = body.length === 0 && !hasLengthZero(request)
  words.push(...methodWords(request.method, !empty))
  words.push(...headerWords(request, authority, !empty))
  if (body.length > expectBytes) words.push("-H 'Expect:'")
  if (empty) return words.join(' \\\n  ')
  const text = body.length <= wordBytes ? plainText(body) : null
  if (text !== null) return [...words, `--data-raw ${quoted(text)}`].join(' \\\n  ')
  return `${printf(body)} | ${[...words, '--data-binary @-'].join(' \\\n  ')}`
}

/** curl refuses or changes some targets in a URL; given apart it sends any as it is. */
function urlWords(origin: string, target: string): string {
  if (/^(?:\/[!"$-~]*)?$/.test(target)) return shellWord(origin + target)
  return `${shellWord(`${origin}/`)} --request-target ${shellWord(target.replace(unsendable, encodeURIComponent))}`
}

function versionWords({ httpVersion }: Request, scheme: string): string[] {
  const secure = scheme.toLowerCase() === 'https://'
  if (httpVersion === '1.0') return ['--http1.0']
  if (httpVersion === '1.1') return secure ? ['--http1.1'] : []
  if (httpVersion === '2') return [secure ? '--http2' : '--http2-prior-knowledge']
  return []
}

const hasLengthZero = ({ method, headers }: Request): boolean =>
  method !== 'GET' && method !== 'HEAD' && headers.some(([name, value]) => /^content-length$/i.test(name) && /^0+$/.test(value))

function methodWords(method: string, hasBody: boolean): string[] {
  if (method === 'HEAD' && !hasBody) return ['--head']
  return method === (hasBody ? 'POST' : 'GET') ? [] : [`-X ${quoted(method)}`]
}

function headerWords({ headers }: Request, authority: string, hasBody: boolean): string[] {
  const words: string[] = []
  const present = new Set<string>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    // A name that began with @ would be a file to read.
    if (ofTransfer.has(key) || !token.test(name)) continue
    present.add(key)
    if (key === 'host' && value === authority) continue
    const sent = value.replace(unsendable, ' ')
    words.push(`-H ${shellWord(/^[ \t]*$/.test(sent) ? `${name};` : `${name}: ${sent}`)}`)
  }
  for (const name of hasBody ? [...added, formType] : added) if (!present.has(name.toLowerCase())) words.push(`-H '${name}:'`)
  if (present.has('accept-encoding')) words.push('--compressed')
  return words
}
