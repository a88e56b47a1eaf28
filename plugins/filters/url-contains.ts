/** Records only what has a text, or a match of a regular expression, in its URL. */
import { defineFilter } from '../../sdk/plugin.ts'
import { printQuery } from '../../sdk/query.ts'
import { urlConfig, urlQuery } from './query/url-pattern.ts'

const urlContains = defineFilter({
  kind: 'filter',
  name: 'url-contains',
  version: '1.0.0',
  api: 1,
  description: 'Records only exchanges with one of these texts, or a match of the regular expression, in the URL',
  config: urlConfig,
  create: (config) => ({ where: printQuery(urlQuery(config)) }),
})

export default urlContains
