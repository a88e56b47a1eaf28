/** The one validator: JSON Schema (draft-07 vocabulary) by ajv, each schema compiled at its first use. */
import { Ajv, type ErrorObject } from 'ajv'
import type { ParamError } from './errors.ts'

export class Validator {
  /** `strict: false` keywords of foreign schemas are a plugin's own business; a broken schema throws at its first use. */
  #ajv = new Ajv({ allErrors: true, strict: false, useDefaults: true })

  /** Every error with the JSON pointer of what is wrong; empty when the value is valid. Fills in the schema's defaults. */
  check(schema: object, value: unknown): ParamError[] {
    const validate = this.#ajv.compile(schema)
    return validate(value) ? [] : (validate.errors ?? []).map(toParamError)
  }
}

function toParamError(error: ErrorObject): ParamError {
  const params = error.params as { additionalProperty?: string; missingProperty?: string; allowedValues?: unknown[] }
  if (params.additionalProperty !== undefined)
    return { path: `${error.instancePath}/${params.additionalProperty}`, message: 'is not known here' }
  if (params.missingProperty !== undefined) return { path: `${error.instancePath}/${params.missingProperty}`, message: 'is missing' }
  if (params.allowedValues) return { path: error.instancePath, message: `must be one of ${params.allowedValues.join(', ')}` }
  return { path: error.instancePath, message: error.message ?? 'is not valid' }
}
