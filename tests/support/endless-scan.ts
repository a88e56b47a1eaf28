/** A thread that reads a session file from end to end, again and again; asked, it says how many exchanges it saw. */
import { parentPort, workerData } from 'node:worker_threads'
import { openExchangeScan } from '../../daemon/store/exchange-scan.ts'

let seen = 0
parentPort?.on('message', () => parentPort?.postMessage(seen))
for (;;) {
  for await (const exchange of openExchangeScan(workerData as string, 's')) {
    await exchange.readBody('response')
    if (seen++ === 0) parentPort?.postMessage('begun')
  }
}
