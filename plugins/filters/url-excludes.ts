/** Leaves out what has a text, or a match of a regular expression, in its URL. */
import { defineFilter } from '../../sdk/plugin.ts'
import { printQuery } from '../../sdk/query.ts'
import { not } from './query/any-of.ts'
import { urlConfig, urlQuery } from './query/url-pattern.ts'

const urlExcludes = defineFilter({
  kind: 'filter',
  name: 'url-excludes',
  version: '1.0.0',
  api: 1,
  description: 'Leaves out exchanges with one of these texts, or a match of the regular expression, in the URL',
  config: urlConfig,
  create: (config) => ({ where: printQuery(not(urlQuery(config))) }),
})

export default urlExcludes
