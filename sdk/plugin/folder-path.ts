/** Paths of files in the folder that an exporter writes. */

/** Of a segment, UTF-8 bytes: what file systems take. */
const segmentBytes = 255

/** What is wrong with a path of a file inside of a folder, with slashes; null: nothing. Names may come from what was captured, so none leads out of it. */
export function folderPathFault(path: string): string | null {
  if (path === '') return 'is empty'
  if (/[\u0000-\u001f\\:*?"<>|]/.test(path)) return 'has characters that not every file system takes (control characters, \\ : * ? " < > |)'
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') return 'leads out of the folder, or has an empty part'
    if (Buffer.byteLength(segment) > segmentBytes) return `has a part of more than ${segmentBytes} bytes`
  }
  return null
}
