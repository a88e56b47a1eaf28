import { expect, it } from 'vitest'
import { findBrowser, type Surroundings } from '../../plugins/interceptor/launch/find-browser.ts'

const on = (platform: NodeJS.Platform, there: string[], env: Surroundings['env'] = {}): Surroundings => ({
  platform,
  env,
  isExecutable: (path) => there.includes(path),
})

it.each<[string, Surroundings, string, 'chromium' | 'firefox']>([
  ['in PATH', on('linux', ['/own/google-chrome', '/usr/bin/google-chrome'], { PATH: '/bin:/own' }), '/own/google-chrome', 'chromium'],
  ['where Linux keeps them', on('linux', ['/usr/bin/brave-browser'], {}), '/usr/bin/brave-browser', 'chromium'],
  [
    'Chromium before others',
    on('linux', ['/usr/bin/firefox', '/usr/bin/microsoft-edge', '/usr/bin/chromium']),
    '/usr/bin/chromium',
    'chromium',
  ],
  ['Firefox when nothing else is there', on('linux', ['/usr/bin/firefox']), '/usr/bin/firefox', 'firefox'],
  [
    'among the applications of macOS',
    on('darwin', ['/home/u/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'], { HOME: '/home/u' }),
    '/home/u/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'chromium',
  ],
  [
    'among the programs of Windows',
    on('win32', ['C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe']),
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
    'chromium',
  ],
])('a browser is found %s', (_, surroundings, path, kind) => {
  expect(findBrowser(undefined, surroundings)).toEqual({ path, kind })
})

it('the one that is named counts; a Firefox is known by its name', () => {
  expect(findBrowser('/x/firefox-esr', on('linux', ['/x/firefox-esr', '/usr/bin/chromium']))).toEqual({
    path: '/x/firefox-esr',
    kind: 'firefox',
  })
  expect(findBrowser('/x/mine', on('linux', ['/x/mine']))).toEqual({ path: '/x/mine', kind: 'chromium' })
  expect(() => findBrowser('/x/none', on('linux', []))).toThrow('/x/none is no program that can be started')
})

it('where none is it says what was looked for', () => {
  expect(() => findBrowser(undefined, on('linux', []))).toThrow(
    /^no browser was found \(Chromium, Chrome, Edge, Brave, Firefox; in PATH, \/usr\/bin/,
  )
})
