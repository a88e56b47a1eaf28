/** defineExporter and defineFilter: what `create` is given has the type that the config schema describes. */
import { expect, expectTypeOf, test } from 'vitest'
import { defineExporter, defineFilter } from '../../sdk/plugin.ts'
import { closed, Type, words } from '../../sdk/schema.ts'
import { runExporter } from '../../sdk/testing.ts'

const about = { version: '1.0.0', api: 1, description: 'of a test' } as const

test('a plain JSON Schema types the options; those with a default are always there', async () => {
  const mine = defineExporter({
    ...about,
    kind: 'exporter',
    name: 'mine',
    config: {
      type: 'object',
      additionalProperties: false,
      required: ['rate'],
      properties: {
        rate: { type: 'number' },
        seed: { type: 'string', default: 'none' },
        separator: { enum: [',', ';'] },
        fields: { type: 'array', items: { type: 'string' } },
        host: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      },
    },
    create(options) {
      expectTypeOf(options).branded.toEqualTypeOf<{
        rate: number
        seed: string
        separator?: ',' | ';'
        fields?: string[]
        host?: string | string[]
      }>()
      return { run: async ({ out }) => void out.write(JSON.stringify(options)) }
    },
  })
  expect((await runExporter(mine, [], { options: { rate: 2 } })).text).toBe('{"rate":2,"seed":"none"}')
  // @ts-expect-error: the schema has no such option
  await expect(runExporter(mine, [], { options: { rate: 2, sed: 'a' } })).rejects.toMatchObject({ reason: 'invalidConfig' })
})

test('so does a schema made of the constructors of the SDK', () => {
  const mine = defineFilter({
    ...about,
    kind: 'filter',
    name: 'mine',
    config: closed({ level: words('low', 'high'), paths: Type.Optional(Type.Array(Type.String())) }),
    create(config) {
      expectTypeOf(config).branded.toEqualTypeOf<{ level: 'low' | 'high'; paths?: string[] }>()
      return { where: 'method:GET' }
    },
  })
  expect(mine).toMatchObject({ ...about, kind: 'filter', config: { required: ['level'], additionalProperties: false } })
})
