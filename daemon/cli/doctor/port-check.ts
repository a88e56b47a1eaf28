/** The port that `weir capture` takes when nobody names one. */
import { createServer } from 'node:net'
import { defaultPort } from '../capture-session.ts'
import { type Check, good, note } from './finding.ts'

export const checkPort: Check = async (_context, client) => {
  const code = await listen(defaultPort)
  if (code === null) return [good('port', `${defaultPort} is free`)]
  const { items } = client ? await client.call('session/list', { state: 'running' }) : { items: [] }
  const own = items.find(({ proxy }) => proxy?.port === defaultPort)
  if (own) return [good('port', `on ${defaultPort} session ${own.name} captures`)]
  return [
    note(
      'port',
      `another program has ${defaultPort} (${code})`,
      'nothing: weir capture takes the next that is free, or the one that --port names',
    ),
  ]
}

/** The error that it fails with; null: it does not. */
function listen(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(null)))
  })
}
