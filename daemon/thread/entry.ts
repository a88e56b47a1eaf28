/** Where a thread or child process starts: `.ts` in a checkout, `.js` in the package. */
import { extname } from 'node:path'

/** @param name a module beside the caller, without extension, for example './thread'. */
export const entry = (callerUrl: string, name: string): URL => new URL(name + extname(new URL(callerUrl).pathname), callerUrl)
