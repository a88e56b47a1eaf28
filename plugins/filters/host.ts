/** Records some hosts, or all but some. */
import { defineFilter } from '../../sdk/plugin.ts'
import { anyOf, like } from './query/any-of.ts'
import { choiceConfig, choose } from './query/choice.ts'

const host = defineFilter({
  kind: 'filter',
  name: 'host',
  version: '1.0.0',
  api: 1,
  description: 'Records exchanges with some hosts, or with all but some',
  config: choiceConfig('A host name without port, or several; * is any run of characters'),
  create: (config) => ({ where: choose(config, (hosts) => anyOf('host', hosts.map(like))) }),
})

export default host
