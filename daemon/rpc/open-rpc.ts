/** The table of methods as an OpenRPC document (https://spec.open-rpc.org, 1.3.2). */
import { codes } from '../../sdk/errors.ts'
import { notifications, requests } from '../../sdk/protocol.ts'

interface ObjectSchema {
  properties?: { [name: string]: { description?: string } }
  required?: string[]
}

export function openRpcDocument(version: string): { openrpc: string; [more: string]: unknown } {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'weir',
      version,
      description: 'JSON-RPC 2.0, framed as in the Language Server Protocol. Params are one closed object, results one open one.',
    },
    methods: Object.entries(requests).map(([name, { summary, params, result }]) => ({
      name,
      summary,
      paramStructure: 'by-name',
      params: describeParams(params as ObjectSchema),
      result: { name: 'result', schema: result },
      errors: [{ code: codes.invalidParams, message: 'invalidParams: data.errors lists what is wrong' }],
    })),
    'x-notifications': Object.entries(notifications).map(([name, params]) => ({ name, params })),
    'x-errors': codes,
  }
}

const describeParams = ({ properties = {}, required = [] }: ObjectSchema) =>
  Object.entries(properties).map(([name, schema]) => ({ name, required: required.includes(name), schema }))
