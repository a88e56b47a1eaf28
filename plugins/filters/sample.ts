/** Records a part of the exchanges: always the same ones of a session. */
import { createHash } from 'node:crypto'
import { defineFilter } from '../../sdk/plugin.ts'

/** 0 up to 1, evenly spread. */
const chance = (seed: string, seq: number): number => createHash('sha256').update(`${seed} ${seq}`).digest().readUInt32BE() / 2 ** 32

const sample = defineFilter({
  kind: 'filter',
  name: 'sample',
  version: '1.0.0',
  api: 1,
  description: 'Records a part of the exchanges, chosen by their seq and the seed',
  config: {
    type: 'object',
    additionalProperties: false,
    required: ['rate'],
    properties: {
      rate: { type: 'number', minimum: 0, maximum: 1, description: 'The part that is recorded: 0.1 is one in ten' },
      seed: { type: 'string', default: '' },
    },
  },
  onError: 'keep',
  create: ({ rate, seed }) => ({ apply: (exchange) => (chance(seed, exchange.seq) < rate ? exchange : null) }),
})

export default sample
