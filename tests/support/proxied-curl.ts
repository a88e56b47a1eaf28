/** curl through a proxy of the test's own. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TestProxy } from './proxy.ts'

const run = promisify(execFile)

/** What it shows of the answer inside the tunnel, head and body. */
export async function curl(proxy: TestProxy, url: string, ...more: string[]): Promise<string> {
  const args = ['-sS', '-i', '--suppress-connect-headers', '-x', `http://127.0.0.1:${proxy.port}`, '--cacert', proxy.ca.path, ...more, url]
  return (await run('curl', args)).stdout
}
