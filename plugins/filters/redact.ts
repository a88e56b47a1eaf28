/** Keeps secrets out of the record: values are replaced by names that stay the same for the same secret, in all sessions of a home. */
import { join } from 'node:path'
import { defineFilter } from '../../sdk/plugin.ts'
import { queryPredicate } from '../../sdk/query.ts'
import { pseudonymKey, pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { Redactor } from '../../sdk/redaction/redactor.ts'

const names = (description: string, usual: string[] = []) =>
  ({ type: 'array', items: { type: 'string', minLength: 1 }, default: usual, description }) as const

const redact = defineFilter({
  kind: 'filter',
  name: 'redact',
  version: '1.0.0',
  api: 1,
  description: 'Replaces secret values by pseudonyms before anything is recorded',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      where: { type: 'string', default: '', description: 'A query: only in exchanges that match; all when empty' },
      headers: names('Header and trailer fields; * means all', ['Authorization', 'Proxy-Authorization', 'X-Api-Key', 'X-Auth-Token']),
      cookies: names('Cookies, in Cookie and Set-Cookie; * means all', ['*']),
      query: names("Parameters of the URL's query; * means all"),
      json: names('Paths into JSON bodies: user.token, items[*].id, **.password'),
      form: names('Fields of urlencoded bodies; * means all'),
    },
  },
  onError: 'drop',
  create: ({ where, ...rules }, { dataDir }) => {
    const redactor = new Redactor(rules, pseudonyms(pseudonymKey(join(dataDir, 'key'))))
    const isMeant = queryPredicate(where)
    return {
      apply(exchange) {
        if (!isMeant(exchange, (part) => exchange.bodies[part])) return exchange
        const redacted = redactor.redact(exchange)
        const messages = redactor.messages(redacted.messages)
        return messages === redacted.messages ? redacted : { ...redacted, messages }
      },
    }
  },
})

export default redact
