/** jar/* */
import type { Jars } from '../../jar/jars.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `jar/${string}`>

export const jarHandlers = (jars: Jars): Pick<Handlers, Methods> => ({
  'jar/list': () => jars.list(),
  'jar/get': (params) => jars.get(params),
  'jar/set': (params) => jars.set(params),
  'jar/delete': (params) => jars.delete(params),
  'jar/clear': (params) => jars.clear(params),
  'jar/import': (params) => jars.import(params),
  'jar/export': (params) => jars.export(params),
})
