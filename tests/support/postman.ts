/** Postman collections as tests read and run them: checked against Postman's schema, and run by newman. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import type { Example } from '../../plugins/exporters/postman/example.ts'
import type { PostmanRequest } from '../../plugins/exporters/postman/request.ts'

export interface PostmanItem {
  name: string
  request: PostmanRequest
  response: Example[]
}

export interface PostmanFolder {
  name: string
  item: (PostmanItem | PostmanFolder)[]
}

export interface PostmanCollection {
  info: { name: string; schema: string }
  item: (PostmanItem | PostmanFolder)[]
  variable: { key: string; value: string }[]
}

const schema = join(import.meta.dirname, '../fixtures/schemas/postman-v2.1.0.schema.json')
const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(readFileSync(schema, 'utf8')) as object)

/** The collection, or an error that lists what the schema has against it. */
export function parseCollection(text: string): PostmanCollection {
  const collection = JSON.parse(text) as PostmanCollection
  if (!validate(collection)) throw new Error(`no valid collection: ${JSON.stringify(validate.errors?.slice(0, 5), null, 1)}`)
  return collection
}

/** All of its requests, from all folders, in their order. */
export const requestsOf = ({ item }: { item: PostmanFolder['item'] }): PostmanItem[] =>
  item.flatMap((each) => ('item' in each ? requestsOf(each) : [each]))

interface NewmanRun {
  stats: { requests: { total: number; failed: number } }
  failures: { error: Error }[]
}
interface Newman {
  run(options: object, done: (error: Error | null, summary: { run: NewmanRun }) => void): void
}

const require = createRequire(import.meta.url)
/** Loaded where it is needed: it takes a second. */
const newman = () => require('newman') as Newman

/** @returns how many requests it made. Rejects, with what failed, unless all of them were answered. */
export const runNewman = (collection: object): Promise<number> =>
  new Promise((resolve, reject) => {
    newman().run({ collection, insecure: true, reporters: [] }, (error, summary) => {
      const failures = error ? [error] : summary.run.failures.map((failure) => failure.error)
      if (failures.length > 0) reject(new AggregateError(failures, `newman: ${failures[0]?.message}`))
      else resolve(summary.run.stats.requests.total)
    })
  })
