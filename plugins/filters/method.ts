/** Records some methods, or all but some. */
import { defineFilter } from '../../sdk/plugin.ts'
import { anyOf, is } from './query/any-of.ts'
import { choiceConfig, choose } from './query/choice.ts'

const method = defineFilter({
  kind: 'filter',
  name: 'method',
  version: '1.0.0',
  api: 1,
  description: 'Records exchanges of some methods, or of all but some',
  config: choiceConfig('A method, or several; upper and lower case are the same'),
  create: (config) => ({ where: choose(config, (methods) => anyOf('method', methods.map(is))) }),
})

export default method
