/** The viewer in the browser: a page of the daemon's own, with a code that gives it access once. */
import type { Client } from '../../../sdk/client.ts'
import type { ListedToken, Right } from '../../../sdk/rights.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { openInBrowser } from '../open-in-browser.ts'
import { resolveSession } from '../session-argument.ts'

const name = 'viewer'
const rights: Right[] = ['read', 'capture', 'control']
/** Tabs that were opened earlier keep their access: those that are connected, and so many of the others. */
const keptTokens = 20

export const open: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const word = given.argument('session')
    const session = word === undefined ? null : await resolveSession(client, word)
    const { host, port } = await client.call('websocket/start', {})
    await forgetOldTabs(client)
    const origin = `http://${host}:${port}`
    const { code, expiresAt } = await client.call('pairing/start', { rights, name, origin })
    const url = `${origin}/viewer/#${new URLSearchParams({ code, ...(session && { session: session.id }) })}`
    if (given.flag('json')) await writeJson(context, { url, expiresAt })
    else await context.out.line(url)
    if (given.flag('browser')) {
      const problem = await openInBrowser(url, context.env)
      if (problem !== null) await context.err.line(`weir: ${problem}; open the line above yourself, within 5 minutes`)
    }
    return exits.done
  })

async function forgetOldTabs(client: Client): Promise<void> {
  const isTab = (token: ListedToken) => token.name === name && /^http:\/\/127\.0\.0\.1:\d+$/.test(token.origin ?? '')
  const tabs = (await client.call('token/list', {})).items.filter((token) => isTab(token) && token.connections === 0)
  const newestFirst = tabs.reverse().sort((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt))
  for (const { id } of newestFirst.slice(keptTokens)) await client.call('token/delete', { tokenId: id })
}
