/** HAR 1.2 of any tool (http://www.softwareishard.com/blog/har-12-spec/). */
import { harExchange } from './har/entry.ts'
import { type ImportedEntry, importedEntry } from './imported-exchange.ts'
import { jsonElements } from './json-elements.ts'
import { parseJson } from './json-values.ts'

export async function* readHar(pieces: AsyncIterable<Buffer>): AsyncGenerator<ImportedEntry> {
  for await (const { index, line, bytes } of jsonElements(pieces, ['log', 'entries']))
    yield importedEntry(`log.entries[${index}] (line ${line})`, () => harExchange(parseJson(bytes, line)))
}
