/** THE table of formats that can be imported. Which one a file has is told by its content, never by its name. */
import { isCurlScript, readCurl } from './curl.ts'
import { readHar } from './har.ts'
import type { ImportedEntry } from './imported-exchange.ts'
import { readJsonl } from './jsonl.ts'
import { readMitmproxy } from './mitmproxy.ts'
import { readPostman } from './postman.ts'
import { copyWeirSession, isSessionFile, type SessionCopying } from './weir-session.ts'

/** The beginning of a file. */
interface Head {
  /** A character for each byte. */
  text: string
  /** Names of the members of the JSON object with which it begins, as far as they are in it; empty: it begins with none. */
  members: ReadonlySet<string>
}

export type ImportFormat = {
  /** For people. */
  name: string
  recognises(head: Head): boolean
} & (
  | {
      /** @param savedAt when the file was written, Unix ms */
      read(pieces: AsyncIterable<Buffer>, savedAt: number): AsyncIterable<ImportedEntry>
    }
  /** The file is not read as a stream. */
  | { copy(copying: SessionCopying): Promise<void> }
)

export const formats: readonly ImportFormat[] = [
  { name: 'HAR', recognises: ({ members }) => members.has('log'), read: readHar },
  { name: "weir's JSON Lines", recognises: ({ members }) => members.has('weir') || members.has('connectionId'), read: readJsonl },
  {
    name: 'Postman collections',
    recognises: ({ members }) => members.has('item') || members.has('collection'),
    read: readPostman,
  },
  // A dictionary that begins with a name.
  { name: 'mitmproxy flows', recognises: ({ text }) => /^\d{1,10}:\d{1,3}:[a-z_]+[;,]/.test(text), read: readMitmproxy },
  { name: "weir's session files", recognises: ({ text }) => isSessionFile(text), copy: copyWeirSession },
  { name: 'cURL commands', recognises: ({ text }) => isCurlScript(text), read: readCurl },
]

/** undefined: none of them. */
export function recognise(head: Buffer): ImportFormat | undefined {
  const text = head.toString('latin1')
  const members = membersOf(text)
  return formats.find((format) => format.recognises({ text, members }))
}

/** Strings (the last may be cut off) and structure. */
const token = /"([^"\\]*(?:\\.[^"\\]*)*)("|\\?$)|[{}[\]:,]/gs

function membersOf(text: string): Set<string> {
  const members = new Set<string>()
  if (!/^\s*\{/.test(text)) return members
  let depth = 0
  let name: string | null = null
  for (const [word, string, end] of text.matchAll(token)) {
    if (string !== undefined) name = depth === 1 && end === '"' ? string : null
    else if (word === ':' && name !== null) members.add(name)
    else if (word === '{' || word === '[') depth++
    else if (word === '}' || word === ']') depth--
    if (string === undefined) name = null
    if (depth === 0) break
  }
  return members
}
