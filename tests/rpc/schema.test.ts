import * as typebox from 'typebox'
import { describe, expect, it } from 'vitest'
import { Type } from '../../sdk/schema.ts'

/** Every constructor in use, made by whichever library is given. */
const sample = (T: typeof Type) =>
  T.Object(
    {
      text: T.String({ minLength: 1, description: 'a text' }),
      maybe: T.Optional(T.Integer({ minimum: 0 })),
      list: T.Array(T.Union([T.Number(), T.Null()])),
      pair: T.Optional(T.Tuple([T.String(), T.Boolean()])),
      open: T.Record(T.String(), T.Unknown()),
      word: T.Unsafe<'a' | 'b'>({ type: 'string', enum: ['a', 'b'] }),
    },
    { additionalProperties: false },
  )

describe('schemas', () => {
  it('are those the schema library would have made', () => {
    expect(JSON.parse(JSON.stringify(sample(Type)))).toEqual(JSON.parse(JSON.stringify(sample(typebox.Type))))
  })

  it('leave no trace of what is optional but in `required`', () => {
    expect(JSON.parse(JSON.stringify(Type.Optional(Type.String())))).toEqual({ type: 'string' })
    expect(sample(Type)).toMatchObject({ required: ['text', 'list', 'open', 'word'] })
  })
})
