/** Records exchanges by what their responses are for a page. */
import { defineFilter } from '../../sdk/plugin.ts'
import type { Query, Test } from '../../sdk/query.ts'
import { anyOf } from './query/any-of.ts'
import { choiceConfig, choose } from './query/choice.ts'

const classes: { readonly [type: string]: string } = {
  document: 'html',
  script: 'js',
  style: 'css',
  image: 'image',
  font: 'font',
  audio: 'audio',
  video: 'video',
  json: 'json',
  xml: 'xml',
}
const websocket: Query = { type: 'term', field: 'kind', test: { type: 'is', pieces: ['websocket'] } }

function ofTypes(types: string[]): Query {
  const tests = types.filter((type) => type !== 'websocket').map((type): Test => ({ type: 'class', class: classes[type] as string }))
  if (!types.includes('websocket')) return anyOf('type', tests)
  return tests.length === 0 ? websocket : { type: 'or', of: [anyOf('type', tests), websocket] }
}

const resourceType = defineFilter({
  kind: 'filter',
  name: 'resource-type',
  version: '1.0.0',
  api: 1,
  description: 'Records exchanges that load some type of resource, or all but those',
  config: choiceConfig('A type of resource, or several', { enum: [...Object.keys(classes), 'websocket'] }),
  create: (config) => ({ where: choose(config, ofTypes) }),
})

export default resourceType
