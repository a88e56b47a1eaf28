/** HAR documents as tests read them, checked against har-schema. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'

type Pair = { name: string; value: string }
type Extras = { [extra: `_${string}`]: unknown }
export interface HarEntry extends Extras {
  startedDateTime: string
  time: number
  request: Extras & {
    method: string
    url: string
    httpVersion: string
    cookies: (Pair & Record<string, unknown>)[]
    headers: Pair[]
    queryString: Pair[]
    bodySize: number
    postData?: { mimeType: string; text: string; params: Pair[]; encoding?: string; comment?: string }
  }
  response: Extras & {
    status: number
    statusText: string
    httpVersion: string
    cookies: (Pair & Record<string, unknown>)[]
    headers: Pair[]
    content: { size: number; mimeType: string; text?: string; encoding?: string; compression?: number; comment?: string }
    redirectURL: string
    bodySize: number
  }
  timings: Record<'blocked' | 'dns' | 'connect' | 'ssl' | 'send' | 'wait' | 'receive', number>
  serverIPAddress?: string
  connection?: string
  comment?: string
}
export interface Har {
  log: { version: string; creator: Pair; entries: HarEntry[]; comment?: string }
}

const require = createRequire(import.meta.url)
const schemas = require('har-schema') as Record<string, object>

function validator() {
  // The schemas are of draft 06 and say `optional` and `min`, which no draft knows.
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json') as object)
  ajv.addSchema(Object.values(schemas))
  const validate = ajv.getSchema('har.json#')
  if (!validate) throw new Error('har-schema has no har.json')
  return validate
}

const validate = validator()

/** The document, or an error that lists what the schema has against it. */
export function parseHar(text: string): Har {
  const har = JSON.parse(text) as Har
  if (!validate(har)) throw new Error(`no valid HAR: ${JSON.stringify(validate.errors?.slice(0, 5), null, 1)}`)
  return har
}

export const readHar = (path: string): Har => parseHar(readFileSync(path, 'utf8'))

/** The bytes that a content or postData stands for. */
export const bytesOf = ({ text = '', encoding }: { text?: string; encoding?: string }): Buffer =>
  Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8')
