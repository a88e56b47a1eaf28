#!/usr/bin/env node
// biome-ignore-all lint/style/useNodejsImportProtocol: an old Node has no node: scheme
// Plain old-syntax JavaScript: an old Node must get as far as the sentence below.
import fs from 'fs'
import module from 'module'
import os from 'os'
import path from 'path'

// Without a listener this signal opens an unauthenticated inspector on port 9229.
process.on('SIGUSR1', () => undefined)

const oldest = [22, 18]

function isTooOld() {
  const version = process.versions.node.split('.').map(Number)
  return version[0] < oldest[0] || (version[0] === oldest[0] && version[1] < oldest[1])
}

function cacheFolder() {
  if (process.env.WEIR_HOME) return path.join(path.resolve(process.env.WEIR_HOME), 'cache')
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'weir')
  if (process.platform === 'win32') return path.join(process.env.LOCALAPPDATA || os.homedir(), 'weir', 'Cache')
  return path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'weir')
}

// Compiled code is kept in a folder of the user's own, never in the shared one under /tmp.
function enableCompileCache(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 448 })
    module.enableCompileCache(folder)
    // Threads and children of the daemon look there only when this tells them to.
    if (isDaemon && !process.env.NODE_COMPILE_CACHE) process.env.NODE_COMPILE_CACHE = folder
  } catch (error) {
    process.emitWarning(`starting without a compile cache: ${error.message}`)
  }
}

function fail(error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exit(1)
}

// In a checkout, in the package (where this file is the bin), and beside the compiled modules.
const main = ['./main.ts', '../dist/daemon/main.js', './main.js'].find((file) => fs.existsSync(new URL(file, import.meta.url)))
const isDaemon = process.argv[2] === 'daemon'

if (isTooOld()) {
  process.stderr.write(
    `weir needs Node ${oldest.join('.')} or newer and this is ${process.version}: install a newer Node, or use npx in a checkout after npm ci.\n`,
  )
  process.exit(2)
} else {
  enableCompileCache(cacheFolder())
  import(isDaemon ? main : main.replace('main.', 'cli/main.'))
    .then((program) => program.main(process.argv.slice(isDaemon ? 3 : 2)))
    .catch(fail)
}
