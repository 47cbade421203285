/** The speaker's second thread: packets only. It never waits for the API server, for JSON or for the garbage of the watch caches. */
import { parentPort, workerData } from 'node:worker_threads'
import { SystemClock } from '../io/clock.ts'
import { NetlinkInterfaceMonitor } from '../io/interfaces.ts'
import { openPacketSocket } from '../io/packet-socket.ts'
import { parseAddress } from '../ip/address.ts'
import type { DesiredSet } from '../layer2/desired.ts'
import { LinkDriver } from './speaker/link-driver.ts'
import {
  HEARTBEAT_INTERVAL_MS,
  type LinkCommand,
  type LinkMessage,
  type LinkThreadData,
} from './speaker/link-messages.ts'

if (!parentPort) throw new Error('link-thread is a worker thread of the speaker, not a program')
const port = parentPort
const { excludedInterfaces } = workerData as LinkThreadData

const send = (message: LinkMessage): void => port.postMessage(message)
const problem = (error: Error & { code?: string }, name?: string): void =>
  send({
    type: 'problem',
    message: error.message,
    ...(error.code && { code: error.code }),
    ...(name && { interface: name }),
  })

const abort = new AbortController()
const monitor = new NetlinkInterfaceMonitor({ onError: error => problem(error) })
const driver = new LinkDriver(
  { clock: new SystemClock(), monitor, openPacketSocket },
  {
    excludedInterfaces: excludedInterfaces.map(pattern => new RegExp(pattern)),
    onReport: report => send({ type: 'report', report }),
    onProblem: (name, error) => problem(error, name),
  },
)
await monitor.start({ signal: abort.signal })
driver.start()

const heartbeat = setInterval(() => send({ type: 'alive' }), HEARTBEAT_INTERVAL_MS)
port.on('message', (command: LinkCommand) => {
  switch (command.type) {
    case 'desired':
      driver.setDesired(desiredSet(command.addresses))
      break
    case 'count':
      send({ type: 'counters', id: command.id, counters: driver.counters() })
      break
    case 'stop':
      clearInterval(heartbeat)
      driver.stop()
      abort.abort()
      port.close()
  }
})
send({ type: 'ready' })

function desiredSet(addresses: Extract<LinkCommand, { type: 'desired' }>['addresses']): DesiredSet {
  const desired = new Map()
  for (const { address: key, interfaces, order } of addresses) {
    const address = parseAddress(key)
    if (address) desired.set(key, { address, interfaces, order })
  }
  return desired
}
