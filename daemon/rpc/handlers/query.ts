/** query/* */
import { limits } from '../../../sdk/limits.ts'
import { parseQuery, printQuery } from '../../../sdk/query.ts'
import type { SessionManager } from '../../session/session-manager.ts'
import { compileSql } from '../../store/query-sql.ts'
import type { SqlRunner } from '../../store/sql-runner.ts'
import type { Handlers } from '../call.ts'

type Methods = Extract<keyof Handlers, `query/${string}`>

export const queryHandlers = (sqlRunner: SqlRunner, sessions: SessionManager): Pick<Handlers, Methods> => ({
  'query/explain': ({ where }) => {
    const ast = parseQuery(where)
    const { sql, params, isExact } = compileSql(ast, Date.now())
    return { ast, sql, params, text: printQuery(ast), verified: !isExact }
  },
  'query/sql': async ({ sessionId, sql, params = [], limit = limits.sqlRowsDefault }, { signal }) => {
    const { file } = await sessions.settled(sessionId)
    return sqlRunner.run({ file, sql, params, limit }, signal)
  },
})
