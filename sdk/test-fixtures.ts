/** `withCapture` as a fixture of test runners. They know none of each other, and weir none of them: these are plain functions of their shape. */
import { createHash, X509Certificate } from 'node:crypto'
import { type Capture, type CaptureOptions, withCapture } from './with-capture.ts'

type Use = (capture: Capture) => Promise<void>

/** For vitest: `test.extend({ capture: vitestCapture() })`. The session has the name of the test. */
export const vitestCapture =
  (options: CaptureOptions = {}) =>
  async ({ task }: { task: { name: string } }, use: Use): Promise<void> =>
    withCapture(use, named(options, task.name))

/** For Playwright's own runner: `test.extend({ capture: playwrightCapture() })`. The session has the title of the test. */
export const playwrightCapture =
  (options: CaptureOptions = {}) =>
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which other fixtures are wanted
  async ({}: object, use: Use, { title }: { title: string }): Promise<void> =>
    withCapture(use, named(options, title))

/** What Playwright's `chromium.launch` takes so that all of a browser's traffic is captured, and the certificates that it then sees are trusted: these and no others. */
export function browserThrough({ proxy, certificate }: Pick<Capture, 'proxy' | 'certificate'>): {
  proxy: { server: string }
  args: string[]
} {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  const hash = createHash('sha256').update(key).digest('base64')
  return { proxy: { server: proxy }, args: [`--ignore-certificate-errors-spki-list=${hash}`, '--disable-quic'] }
}

/** Of session names, characters. */
const longestName = 200

const named = (options: CaptureOptions, name: string): CaptureOptions => ({
  ...options,
  session: { name: name.slice(0, longestName), ...options.session },
})
