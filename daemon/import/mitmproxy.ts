/** Flows of mitmproxy (`mitmdump -w`), of its versions 8 and later: what passed, byte for byte. */
import { type ImportedEntry, importedEntry } from './imported-exchange.ts'
import { mitmproxyExchange } from './mitmproxy/flow.ts'
import { parseTnetstring, tnetstrings } from './mitmproxy/tnetstrings.ts'

export async function* readMitmproxy(pieces: AsyncIterable<Buffer>): AsyncGenerator<ImportedEntry> {
  /** Connections to origins that flows before have used. */
  const used = new Set<string>()
  let number = 0
  for await (const { offset, bytes } of tnetstrings(pieces))
    yield importedEntry(`flow ${++number} (byte ${offset})`, () => mitmproxyExchange(parseTnetstring(bytes), used))
}
