/** A Firefox for tests, under either of its names. */
import { toolPath } from './tool.ts'

/** Its path; null (said aloud) when there is none. */
export const firefoxPath: string | null = toolPath('firefox-esr', 'firefox-esr')
