/** THE table of tools of `weir mcp`. */
import { contentTools } from './content-tools.ts'
import { exchangeTools } from './exchange-tools.ts'
import { sessionTools } from './session-tools.ts'
import { sessionWideTools } from './session-wide-tools.ts'
import type { Tool } from './tool.ts'

export const tools: readonly Tool[] = [...sessionTools, ...exchangeTools, ...contentTools, ...sessionWideTools]
