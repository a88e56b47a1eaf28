import type { Client } from '../../../sdk/client.ts'
import { extensionRights, type Right, type Token } from '../../../sdk/rights.ts'
import type { CommandRun } from '../command.ts'
import { withClient } from '../context.ts'
import { exits } from '../exit.ts'
import { writeJson } from '../json-output.ts'
import { printable } from '../printable.ts'
import { formatTime } from '../quantity.ts'

export const pairBrowser: CommandRun = (given, context) =>
  withClient(context, async (client) => {
    const { out, err, home } = context
    const running = (await client.call('daemon/status', {})).websocket
    const { port } = running ?? (await client.call('websocket/start', portOf(given.number('port'))))
    const rights = given.values<Right>('right')
    const ended = endOf(client)
    const { pairingId, code, expiresAt } = await client.call('pairing/start', {
      rights: rights.length > 0 ? rights : [...extensionRights],
      ...(given.text('name') !== undefined && { name: given.text('name') as string }),
      ...(given.text('origin') !== undefined && { origin: given.text('origin') as string }),
    })
    if (given.flag('json')) {
      await writeJson(context, { code, port, expiresAt })
      return exits.done
    }
    await out.line(`code ${code}   port ${port}   (until ${formatTime(expiresAt).slice(0, 8)}, once)`)
    await err.line(
      "Type both into the popup of weir's extension, and press Pair. There is none yet? weir browser extension FOLDER makes it.",
    )
    if (!running)
      await err.line(
        `After a restart of the daemon the port is closed, unless ${printable(home.configuration)} has:\n  [websocket]\n  port = ${port}`,
      )
    const token = await ended(pairingId)
    if (!token) {
      await err.line('weir: nobody used the code in time; get another with: weir browser pair')
      return exits.refused
    }
    await out.line(
      `paired: ${printable(token.name)}${token.origin === null ? '' : ` (${printable(token.origin)})`} may ${token.rights.join(', ')}`,
    )
    await err.line(`Take that back with: weir token revoke ${token.id}`)
    return exits.done
  })

const portOf = (port: number | undefined) => (port === undefined ? {} : { port })

/** Listens before there is something to hear: the code may be used before its answer has been read. */
function endOf(client: Client): (pairingId: string) => Promise<Token | null> {
  const known = new Map<string, Token | null>()
  let heard: () => void = () => undefined
  client.on('pairing/didEnd', ({ pairingId, token }) => {
    known.set(pairingId, token)
    heard()
  })
  return async (pairingId) => {
    const lost = client.closed.then(() => known.set(pairingId, null))
    while (!known.has(pairingId)) await Promise.race([lost, new Promise<void>((resolve) => (heard = resolve))])
    return known.get(pairingId) ?? null
  }
}
