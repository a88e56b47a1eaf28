/** What may be told of a plugin that failed: its own words, one line of them, nothing of the machine. */
import { codes, WeirError } from '../../sdk/errors.ts'

const longest = 300
const paths = /(?:file:\/\/|(?<![\w.:/])\/|(?<!\w)[A-Za-z]:\\)[^\s'"`,;()]*[/\\][^\s'"`,;()]*/g
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g

/** The first line, without control and bidi characters and without file paths, at most 300 characters. */
export function said(words: unknown): string {
  const text = words instanceof Error ? words.message : String(words)
  const line = text.trimStart().split('\n', 1)[0] ?? ''
  return line.replace(paths, '<path>').replace(unprintable, ' ').trim().slice(0, longest)
}

/** 1003 pluginFailed; `plugin` is its name (or its file's, before it has one). @param seq of the exchange that an exporter had in hand */
export const pluginFailed = (plugin: string, message: string, seq: number | null = null): WeirError =>
  seq === null
    ? new WeirError(codes.pluginFailed, 'pluginFailed', `plugin ${plugin}: ${message}`, { plugin })
    : new WeirError(codes.pluginFailed, 'pluginFailed', `plugin ${plugin} (run, exchange ${seq}): ${message}`, { plugin, hook: 'run', seq })
