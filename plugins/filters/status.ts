/** Records some statuses, or all but some. */
import { defineFilter } from '../../sdk/plugin.ts'
import { parseQuery } from '../../sdk/query.ts'
import { choiceConfig, choose } from './query/choice.ts'

const status = defineFilter({
  kind: 'filter',
  name: 'status',
  version: '1.0.0',
  api: 1,
  description: 'Records exchanges that were answered with some status, or all but those',
  config: choiceConfig('A status, a class or a range: 404, 5xx, 400..499; or several', {
    pattern: '^\\d{3}$|^\\dxx$|^\\d{3}\\.\\.\\d{3}$',
  }),
  create: (config) => ({ where: choose(config, (statuses) => parseQuery(`status:${statuses.join()}`)) }),
})

export default status
