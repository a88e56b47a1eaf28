/** The thread that looks for the processes of clients: whatever it costs, traffic and recording do not wait for it. */
import { parentPort } from 'node:worker_threads'
import { LinuxProcesses } from './linux.ts'
import { LookUp } from './look-up.ts'
import { MacosProcesses } from './macos.ts'
import type { Asked } from './surface.ts'

const port = parentPort
if (!port) throw new Error('daemon/client-process/thread.ts is the entry of a worker thread')

const lookUp = new LookUp({
  finder: process.platform === 'darwin' ? new MacosProcesses() : new LinuxProcesses(),
  answer: (answers) => port.postMessage({ answers }),
  fault: (error) => port.postMessage({ fault: String((error as Error)?.stack ?? error) }),
})
port.on('message', (asked: Asked[]) => lookUp.ask(asked))
port.postMessage({})
