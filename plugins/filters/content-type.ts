/** Records some media types of responses, or all but some. */
import { defineFilter } from '../../sdk/plugin.ts'
import { anyOf, like } from './query/any-of.ts'
import { choiceConfig, choose } from './query/choice.ts'

const contentType = defineFilter({
  kind: 'filter',
  name: 'content-type',
  version: '1.0.0',
  api: 1,
  description: 'Records exchanges whose response has some media type, or all but those',
  config: choiceConfig('A media type, or several; * is any run of characters: image/*'),
  create: (config) => ({ where: choose(config, (types) => anyOf('type', types.map(like))) }),
})

export default contentType
