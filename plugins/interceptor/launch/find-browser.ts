/** Which browser is started: the one that is named, or the first that is found where browsers are. */
import { accessSync, constants, statSync } from 'node:fs'
import { posix, win32 } from 'node:path'

export interface FoundBrowser {
  path: string
  /** How it is steered: `firefox` only goes through the proxy. */
  kind: 'chromium' | 'firefox'
}

export interface Surroundings {
  platform: NodeJS.Platform
  env: { [name: string]: string | undefined }
  isExecutable(path: string): boolean
}

/** By family, the one that is taken first in front: names in PATH, places on macOS (in an Applications folder) and on Windows (in a folder of programs). */
const families = [
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser'],
    app: 'Chromium.app/Contents/MacOS/Chromium',
    program: 'Chromium\\Application\\chrome.exe',
  },
  {
    name: 'Chrome',
    commands: ['google-chrome', 'google-chrome-stable'],
    app: 'Google Chrome.app/Contents/MacOS/Google Chrome',
    program: 'Google\\Chrome\\Application\\chrome.exe',
  },
  {
    name: 'Edge',
    commands: ['microsoft-edge', 'microsoft-edge-stable'],
    app: 'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    program: 'Microsoft\\Edge\\Application\\msedge.exe',
  },
  {
    name: 'Brave',
    commands: ['brave-browser', 'brave-browser-stable', 'brave'],
    app: 'Brave Browser.app/Contents/MacOS/Brave Browser',
    program: 'BraveSoftware\\Brave-Browser\\Application\\brave.exe',
  },
  {
    name: 'Firefox',
    commands: ['firefox', 'firefox-esr'],
    app: 'Firefox.app/Contents/MacOS/firefox',
    program: 'Mozilla Firefox\\firefox.exe',
  },
] as const

/** Where Linux keeps them when PATH does not say so. */
const linuxFolders = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome', '/opt/microsoft/msedge', '/opt/brave.com/brave']

/** @param executable the one that is named @throws what was looked for, and what to do */
export function findBrowser(executable: string | undefined, surroundings: Surroundings = here): FoundBrowser {
  if (executable !== undefined) {
    if (!surroundings.isExecutable(executable))
      throw new Error(`${executable} is no program that can be started: name a browser's executable`)
    return { path: executable, kind: /firefox/i.test(executable.split(/[\\/]/).at(-1) ?? '') ? 'firefox' : 'chromium' }
  }
  for (const family of families) {
    const path = placesOf(family, surroundings).find((place) => surroundings.isExecutable(place))
    if (path !== undefined) return { path, kind: family.name === 'Firefox' ? 'firefox' : 'chromium' }
  }
  const names = families.map(({ name }) => name).join(', ')
  const where = surroundings.platform === 'linux' ? `in PATH, ${linuxFolders.join(', ')}` : 'where programs are installed, nor in PATH'
  throw new Error(`no browser was found (${names}; ${where}): install one, or name its executable`)
}

function placesOf(family: (typeof families)[number], { platform, env }: Surroundings): string[] {
  if (platform === 'win32') {
    const folders = [env.ProgramFiles ?? 'C:\\Program Files', env['ProgramFiles(x86)'] ?? 'C:\\Program Files (x86)', env.LOCALAPPDATA]
    return folders.flatMap((folder) => (folder === undefined ? [] : [win32.join(folder, family.program)]))
  }
  const path = (env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'))
  const folders = platform === 'darwin' ? path : [...path, ...linuxFolders]
  const commands = family.commands.flatMap((command) => folders.map((folder) => posix.join(folder, command)))
  if (platform !== 'darwin') return commands
  const apps = ['/Applications', ...(env.HOME === undefined ? [] : [posix.join(env.HOME, 'Applications')])]
  return [...apps.map((folder) => posix.join(folder, family.app)), ...commands]
}

const here: Surroundings = {
  platform: process.platform,
  env: process.env,
  isExecutable(path) {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  },
}
