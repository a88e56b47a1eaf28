/** Firefox for tests, steered over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/): a WebSocket, no other program between. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryHome } from './home.ts'
import { toolPath } from './tool.ts'

/** Its path; null (said aloud) when there is none. */
export const firefoxPath: string | null = toolPath('firefox-esr', 'firefox-esr')

export interface Firefox {
  /** Rejects with what the browser says. */
  ask<Result = object>(method: string, params: object): Promise<Result>
  /** In a tab of its own. Resolves with its context when it has loaded. */
  open(url: string): Promise<string>
  /** What the expression, in that tab, comes to: a text. */
  evaluate(context: string, expression: string): Promise<string>
}

interface Answer {
  id?: number
  result?: object
  error?: string
  message?: string
}

/** Headless, with a fresh profile; closed when the test has finished. @param preferences of its profile, beside what keeps it quiet */
export async function startFirefox(preferences: { [name: string]: string | number | boolean }): Promise<Firefox> {
  const profile = await temporaryHome()
  const lines = Object.entries({ 'datareporting.policy.dataSubmissionEnabled': false, 'app.normandy.enabled': false, ...preferences })
  const text = lines.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join('')
  await writeFile(join(profile, 'user.js'), text)
  const args = ['--headless', '--no-remote', '--remote-debugging-port', '0', '--remote-allow-system-access', '--profile', profile]
  const browser = spawn(firefoxPath as string, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(async () => {
    if (browser.exitCode === null && browser.kill('SIGKILL')) await once(browser, 'close')
  })
  const socket = new WebSocket(`${await addressIn(browser.stderr)}/session`)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error('Firefox refuses the connection'))
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  }
  let last = 0
  const ask = async <Result>(method: string, params: object): Promise<Result> => {
    const id = ++last
    const { promise, resolve } = Promise.withResolvers<Answer>()
    waiting.set(id, resolve)
    socket.send(JSON.stringify({ id, method, params }))
    const { result, error, message } = await promise
    waiting.delete(id)
    if (error !== undefined) throw new Error(`${method}: ${error}: ${message}`)
    return result as Result
  }
  await ask('session.new', { capabilities: {} })
  return {
    ask,
    async open(url) {
      const { context } = await ask<{ context: string }>('browsingContext.create', { type: 'tab' })
      await ask('browsingContext.navigate', { context, url, wait: 'complete' })
      return context
    },
    async evaluate(context, expression) {
      const params = { expression, target: { context }, awaitPromise: true }
      const { result, exceptionDetails } = await ask<{ result?: { value?: string }; exceptionDetails?: { text: string } }>(
        'script.evaluate',
        params,
      )
      if (exceptionDetails) throw new Error(exceptionDetails.text)
      return String(result?.value)
    },
  }
}

/** Where it listens, which it says once. */
function addressIn(words: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    words.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /WebDriver BiDi listening on (ws:\/\/[^\s]+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    words.once('end', () => reject(new Error(`Firefox ended: ${said}`)))
  })
}
