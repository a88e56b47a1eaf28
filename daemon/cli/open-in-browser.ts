/** A URL in the user's browser, by the program that each system has for it. No shell reads the URL. */
import { spawn } from 'node:child_process'
import type { Environment } from '../../sdk/home.ts'

const openers: { readonly [platform: string]: readonly [program: string, ...words: string[]] } = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Does not wait for the browser. Resolves to why it could not be opened, or null. */
export function openInBrowser(url: string, env: Environment, platform: NodeJS.Platform = process.platform): Promise<string | null> {
  const [program, ...words] = openers[platform] ?? ['xdg-open']
  return new Promise((resolve) => {
    const child = spawn(program, [...words, url], { env, stdio: 'ignore', detached: true })
    child.once('error', () => resolve(`no browser could be opened (there is no ${program})`))
    child.once('spawn', () => {
      child.unref()
      resolve(null)
    })
  })
}
