/** Files that end before their end, or are no text: whatever is missing is told, with the name of the file, and nothing comes in that the file does not have. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { recognise } from '../../daemon/import/formats.ts'
import { BrokenFile, type ImportedExchange } from '../../daemon/import/imported-exchange.ts'
import curl from '../../plugins/exporters/curl.ts'
import har from '../../plugins/exporters/har.ts'
import jsonl from '../../plugins/exporters/jsonl.ts'
import mitmproxy from '../../plugins/exporters/mitmproxy.ts'
import postman from '../../plugins/exporters/postman.ts'
import { jsonlVersion } from '../../sdk/jsonl.ts'
import type { ExporterManifest } from '../../sdk/plugin.ts'
import { testExchange } from '../../sdk/testing.ts'
import { exportBytes, importContent, importFolder } from '../support/imported.ts'

fc.configureGlobal({ seed: 20261129 })

const line = (seq: number): string => {
  const {
    bodies: _,
    messages: __,
    ...exchange
  } = testExchange({
    seq,
    request: { method: 'POST', url: `http://a.test/${seq}`, headers: [['Content-Type', 'application/json']], bodySize: 13 },
    response: { headers: [['Content-Type', 'text/plain; charset=utf-8']], bodySize: 6 },
  })
  return `${JSON.stringify({ weir: jsonlVersion, ...exchange, bodies: { request: { text: `{"a":"é'\\\\${seq}"}` }, response: { text: `zwei ${seq}` } } })}\n`
}

interface Sample {
  format: string
  bytes: Buffer
  /** Where what stands before is a file of the first exchanges by itself, in order, and the end. */
  whole: number[]
}

/** Of three exchanges, as weir exports them. */
const samples: Sample[] = []
/** A session file. */
let session: Buffer

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-cut-'))
  const files = [1, 2, 3].map(async (count) => (await importContent([1, 2, 3].slice(0, count).map(line).join(''), folder)).file)
  const [one, two, three] = (await Promise.all(files)) as [string, string, string]
  session = readFileSync(three)
  const add = async <Options>(manifest: ExporterManifest<Options>, isSequence: boolean) => {
    const parts = await Promise.all((isSequence ? [one, two, three] : [three]).map((file) => exportBytes(manifest, file)))
    samples.push({ format: manifest.name, bytes: parts.at(-1) as Buffer, whole: parts.map(({ length }) => length) })
  }
  await add(har, false)
  await add(postman, false)
  await add(jsonl, true)
  await add(mitmproxy, true)
  await add(curl, true)
  rmSync(folder, { recursive: true })
})

/** What a reader of the format makes of it. @returns whether it says that something is missing, too */
async function readAll(bytes: Buffer): Promise<{ exchanges: ImportedExchange[]; isTold: boolean }> {
  const exchanges: ImportedExchange[] = []
  const format = recognise(bytes)
  if (format === undefined || 'copy' in format) return { exchanges, isTold: true }
  let isTold = false
  try {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
    }
    for await (const entry of format.read(pieces(), 1)) {
      if ('exchange' in entry) exchanges.push(entry.exchange)
      else isTold = true
    }
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error
    isTold = true
  }
  // Such a file is an error by itself.
  return { exchanges, isTold: isTold || exchanges.length === 0 }
}

/** Blanks and comments. */
const nothing = /^(?:\s|#.*\n)*$/

describe.each(['har', 'postman', 'jsonl', 'mitmproxy', 'curl'])('%s', (name) => {
  const sampleOf = () => samples.find(({ format }) => format === name) as Sample

  it('cut anywhere never passes for a whole file', async () => {
    const { bytes, whole } = sampleOf()
    // Each reading of JSON Lines compiles the schemas.
    const step = name === 'jsonl' ? 97 : 7
    const isTried = (cut: number) => cut % step === 0 || whole.some((end) => Math.abs(end - cut) < 20)
    const all = (await readAll(bytes)).exchanges
    expect(all.length).toBe(3)
    for (let cut = 0; cut < bytes.length; cut++) {
      if (!isTried(cut)) continue
      const { exchanges, isTold } = await readAll(bytes.subarray(0, cut))
      expect(exchanges, `${cut}`).toEqual(all.slice(0, exchanges.length))
      // The last line feed tells nothing in JSON.
      const ends = whole.map((end) => (name === 'curl' ? end : bytes.toString('latin1', 0, end).trimEnd().length))
      const before = ends.filter((end) => end <= cut).at(-1) ?? 0
      const isWhole = before > 0 && nothing.test(bytes.toString('latin1', before, cut))
      if (isWhole) expect(exchanges.length, `${cut}`).toBe(whole.length === 1 ? 3 : ends.indexOf(before) + 1)
      else expect(isTold, `${cut}: ${bytes.toString('latin1', Math.max(0, cut - 60), cut)}`).toBe(true)
    }
  })

  it('fails with its name, and imports what is good when that is asked for, with a word on the rest', async () => {
    const { bytes } = sampleOf()
    const folder = importFolder()
    // Not where it is a whole file.
    for (const cut of [bytes.length - 7, Math.floor(bytes.length / 2), 40]) {
      const content = bytes.subarray(0, cut)
      await expect(importContent(content, folder)).rejects.toMatchObject({
        code: -32602,
        message: expect.stringMatching(new RegExp(`^${folder}/.*nothing was imported`)),
      })
      const kept = await importContent(content, folder, true).catch(() => null)
      if (kept !== null) expect(kept.malformed, `${cut}`).toBeGreaterThan(0)
    }
  })
})

it('a session file cut anywhere is refused, also within its last page', async () => {
  const folder = importFolder()
  const place = fc.oneof(
    fc.integer({ min: 200, max: session.length - 1 }),
    fc.integer({ min: session.length - 20_000, max: session.length - 1 }),
  )
  const error = { code: 1005, reason: 'notReadable', message: expect.stringMatching(/^\/.* was cut off/) }
  const check = async (cut: number) => {
    await expect(importContent(session.subarray(0, cut), folder)).rejects.toMatchObject(error)
  }
  await check(session.length - 1)
  await fc.assert(fc.asyncProperty(place, check), { numRuns: 25, endOnFailure: true })
})

const harText = '{"log":{"entries":[]}}'
describe('a file', () => {
  it.each<[what: string, content: string | Buffer, reason: string, message: RegExp]>([
    ['that is empty', '', 'unknownFormat', /it is empty \(0 bytes\)/],
    ['of blanks', ' \n\n', 'unknownFormat', /nothing but blanks/],
    ['of zeros', Buffer.alloc(5000), 'unknownFormat', /begins with zeros/],
    ['in UTF-16 with a byte order mark', Buffer.from(`\ufeff${harText}`, 'utf16le'), 'unknownFormat', /UTF-16: save it as UTF-8/],
    ['in UTF-16 the other way', Buffer.from(`\ufeff${harText}`, 'utf16le').swap16(), 'unknownFormat', /UTF-16: save it as UTF-8/],
    ['in UTF-16 without a mark', Buffer.from(harText, 'utf16le'), 'unknownFormat', /UTF-16: save it as UTF-8/],
    ['that is compressed', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), 'unknownFormat', /compressed: unpack it/],
    ['of JSON Lines whose end a disk has lost', `${line(1)}${'\0'.repeat(512)}`, 'malformedFile', /line 2: it is no JSON/],
    ['of a HAR with zeros behind it', `${harText}\0\0`, 'malformedFile', /something follows the end/],
    ['of two HARs', `${harText}\n${harText}`, 'malformedFile', /line 2: something follows the end/],
    ['of a HAR with two lists', '{"log":{"entries":[],"entries":[{}]}}', 'malformedFile', /it has a second list log\.entries/],
    ['of a command that goes on', 'curl a.test \\\n', 'malformedFile', /line 1: the file ends behind a \\/],
    ['of a command that goes on, without an end', 'curl a.test \\', 'malformedFile', /line 1: the file ends behind a \\/],
    ['of a body for nobody', "curl b.test\nprintf 'a' |\n", 'malformedFile', /line 2: the file ends behind its \|/],
    ['of HAR entries with a byte that is no UTF-8', Buffer.from('{"log":{"entries":["\xff"]}}', 'latin1'), 'malformedFile', /not UTF-8/],
  ])('%s says so, by its name', async (_, content, reason, message) => {
    const folder = importFolder()
    const error = await importContent(content, folder).then(
      () => null,
      (failure: Error) => failure,
    )
    expect(error).toMatchObject({ code: -32602, reason, message: expect.stringMatching(message) })
    expect(error?.message).toMatch(new RegExp(`^${folder}/\\S+\\.in`))
    expect(error?.message).toContain('nothing was imported')
  })

  it('with a byte order mark of UTF-8 is read', async () => {
    expect((await importContent(`\ufeff${line(1)}`, importFolder())).counts.exchanges).toBe(1)
  })
})

it('a place in a document of many lines is found', async () => {
  const entry = `{"log":{"entries":[\n{"a":\n\n 1,,\n}]}}`
  await expect(importContent(entry, importFolder())).rejects.toMatchObject({
    message: expect.stringMatching(/log\.entries\[0\] \(line 2\): it is no JSON: .*\(line 4, column 4\)/),
  })
})
