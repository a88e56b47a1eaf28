/** Files imported into session files, without a daemon; and what an exporter makes of those. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { FileImport } from '../../daemon/import/file-import.ts'
import type { Imported } from '../../daemon/import/import-messages.ts'
import { openExchangeScan } from '../../daemon/store/exchange-scan.ts'
import type { Exchange, Message } from '../../sdk/model.ts'
import type { ExportedExchange, ExporterManifest } from '../../sdk/plugin.ts'
import { exportText } from './exported.ts'

export interface ImportedFile extends Imported {
  /** The session file. */
  file: string
}

/** A folder that is removed when the test has finished. */
export function importFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-import-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function importContent(content: string | Uint8Array, folder: string, keepGood = false): Promise<ImportedFile> {
  const name = join(folder, randomUUID())
  writeFileSync(`${name}.in`, content)
  const imported = await new FileImport({ path: `${name}.in`, file: `${name}.weir`, keepGood }).run()
  return { file: `${name}.weir`, ...imported }
}

/** As an export of the session has it, with everything in memory. */
export interface ReadExchange {
  exchange: Exchange
  request: Buffer
  response: Buffer
  messages: Message[]
}

export async function readAll(file: string): Promise<ReadExchange[]> {
  const all: ReadExchange[] = []
  for await (const exported of openExchangeScan(file, 's')) {
    const { readBody, streamBody: _, messages, ...exchange } = exported
    const inside: Message[] = []
    for await (const message of messages()) inside.push(message)
    all.push({
      exchange,
      request: Buffer.from(await readBody('request')),
      response: Buffer.from(await readBody('response')),
      messages: inside,
    })
  }
  return all
}

export const exportFile = async <Options>(manifest: ExporterManifest<Options>, file: string, options = {} as Options): Promise<string> =>
  (await exportBytes(manifest, file, options)).toString()

export async function exportBytes<Options>(manifest: ExporterManifest<Options>, file: string, options = {} as Options): Promise<Buffer> {
  const exchanges: ExportedExchange[] = []
  for await (const exported of openExchangeScan(file, 's')) {
    const bodies = { request: await exported.readBody('request'), response: await exported.readBody('response') }
    const decoded = await exported.readBody('response', { decode: true }).catch((error: Error) => error)
    const inside: Message[] = []
    for await (const message of exported.messages()) inside.push(message)
    exchanges.push({
      ...exported,
      async readBody(part, { decode = false } = {}) {
        if (!decode || part === 'request') return bodies[part]
        if (decoded instanceof Error) throw decoded
        return decoded
      },
      async *streamBody(part) {
        yield bodies[part]
      },
      async *messages() {
        yield* inside
      },
    })
  }
  return (await exportText(manifest, exchanges, options)).bytes
}
