/** k6 scripts, run in Node with the modules that they import played by small ones: k6 itself is not among the tests' tools. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { temporaryHome } from './home.ts'

interface MadeRequest {
  method: string
  url: string
  body: string | ArrayBuffer | Record<string, string> | undefined
  params: { headers?: Record<string, string>; redirects?: number }
}

export interface K6Run {
  made: MadeRequest[]
  /** The name of each check, and whether it holds. Every answer has status 200. */
  checks: [name: string, holds: boolean][]
}

const modules = {
  k6: `
export const sleep = () => undefined
export const check = (response, checks) => { for (const [name, holds] of Object.entries(checks)) globalThis.k6Run.checks.push([name, holds(response)]) }`,
  'k6/encoding': `export default { b64decode: (text) => Uint8Array.from(Buffer.from(text, 'base64')).buffer }`,
  'k6/http': `
const request = (method, url, body, params) => { globalThis.k6Run.made.push({ method, url, body, params }); return { status: 200 } }
const verbs = ['post', 'put', 'patch', 'del', 'options'].map((verb) => [verb, (...given) => request(verb === 'del' ? 'DELETE' : verb.toUpperCase(), ...given)])
export default { CookieJar: class {}, request, get: (url, params) => request('GET', url, undefined, params), ...Object.fromEntries(verbs) }`,
  'https://jslib.k6.io/formdata/0.0.2/index.js': 'export class FormData {}',
}

/** One iteration. */
export async function runK6(script: string): Promise<K6Run> {
  const folder = await temporaryHome()
  let runnable = script
  for (const [index, [name, source]] of Object.entries(modules).entries()) {
    const file = join(folder, `module-${index}.mjs`)
    writeFileSync(file, source)
    runnable = runnable.replace(`from '${name}'`, `from ${JSON.stringify(pathToFileURL(file).href)}`)
  }
  const file = join(folder, 'script.mjs')
  writeFileSync(file, runnable)
  const run: K6Run = { made: [], checks: [] }
  Object.assign(globalThis, { k6Run: run })
  const { default: iteration } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default: () => void }
  iteration()
  return run
}
