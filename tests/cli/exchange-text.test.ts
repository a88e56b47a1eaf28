import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { describeExchange } from '../../daemon/cli/exchange-text.ts'
import { Output } from '../../daemon/cli/output.ts'
import type { BrowserView } from '../../sdk/browser-view.ts'
import type { Session } from '../../sdk/model.ts'
import { testExchange } from '../../sdk/testing.ts'

const session = { id: 's', name: 'it' } as Session
const lines = (browser: BrowserView): string[] => {
  return describeExchange(session, testExchange({ browser }), new Output(new PassThrough())).split('\n')
}

it('what a browser told of an exchange is shown with it', () => {
  const shown = lines({
    sourceId: 'b1',
    requestId: 'r1',
    resource: 'fetch',
    priority: 'High',
    servedFrom: 'diskCache',
    initiator: { type: 'script', function: 'load', url: 'https://a.test/app.js', line: 3, column: 7 },
    page: 'https://a.test/',
    frame: { id: '1', url: 'https://a.test/frame' },
    resends: [4, 5],
  })
  expect(shown).toContain('browser  fetch, priority High, from diskCache')
  expect(shown).toContain('asked by script load() https://a.test/app.js:3:7')
  expect(shown).toContain('page     https://a.test/, frame https://a.test/frame')
  expect(shown).toContain('resent   it was sent before, in vain: 4, 5')
})

it('links to other exchanges are told, and what nobody knows is not', () => {
  const shown = lines({ sourceId: 'b1', ambiguous: [2, 3], resent: 9 })
  expect(shown).toContain('same     as one of 2, 3: nobody can tell which')
  expect(shown).toContain('resent   the browser sent it again: 9')
  expect(shown.join('\n')).not.toMatch(/^(browser|asked by|page)/m)
})
