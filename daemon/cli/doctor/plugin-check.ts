/** The user's plugins: whether they load. */
import { plural } from '../quantity.ts'
import { type Check, good, problem } from './finding.ts'

export const checkPlugins: Check = async (_context, client) => {
  if (client === null) return []
  const { items, faults } = await client.call('plugin/list', {})
  const own = items.filter(({ builtIn }) => !builtIn)
  return [
    good('plugins', `${plural(items.length, 'plugin')}${own.length > 0 ? `, of yours ${own.map(({ name }) => name).join(', ')}` : ''}`),
    ...faults.map(({ message, module }) =>
      problem('plugins', `${message} (${module})`, 'correct it, or take it out of plugins in config.toml; no restart is needed'),
    ),
  ]
}
