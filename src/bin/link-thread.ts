/** The speaker's second thread: packets only. It never waits for the API server, for JSON or for the garbage of the watch caches. */
import { parentPort, workerData } from 'node:worker_threads'
import { SystemClock } from '../io/clock.ts'
import { NetlinkInterfaceMonitor } from '../io/interfaces.ts'
import { openGroupMembership } from '../io/multicast.ts'
import { openPacketSocket } from '../io/packet-socket.ts'
import { openUdpSocket } from '../io/udp.ts'
import { LinkDriver } from './speaker/link/link-driver.ts'
import {
  HEARTBEAT_INTERVAL_MS,
  type LinkCommand,
  type LinkMessage,
  type LinkThreadData,
} from './speaker/link/link-messages.ts'
import { RouterDriver } from './speaker/link/router-driver.ts'

if (!parentPort) throw new Error('link-thread is a worker thread of the speaker, not a program')
const port = parentPort
const { node, excludedInterfaces, liveness, timings } = workerData as LinkThreadData

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
const clock = new SystemClock()
const driver = new LinkDriver(
  { clock, random: Math.random, monitor, openPacketSocket, openGroupMembership, openUdpSocket },
  {
    node,
    excludedInterfaces: excludedInterfaces.map(pattern => new RegExp(pattern)),
    liveness,
    timings,
    onReport: report => send({ type: 'report', report }),
    onTakeovers: takeovers => send({ type: 'takeovers', takeovers }),
    onLeft: () => send({ type: 'left' }),
    onStall: gapMs => send({ type: 'stalled', gapMs }),
    onProblem: (name, error) => problem(error, name),
  },
)
const routers = new RouterDriver(
  { clock, random: Math.random, monitor, openPacketSocket, openUdpSocket },
  {
    onSessions: sessions => send({ type: 'routerSessions', sessions }),
    onNeighbours: neighbours => send({ type: 'neighbours', neighbours }),
    onProblem: (name, error) => problem(error, name),
  },
)
await monitor.start({ signal: abort.signal })
driver.start()
routers.start()

const heartbeat = setInterval(() => send({ type: 'alive' }), HEARTBEAT_INTERVAL_MS)
port.on('message', (command: LinkCommand) => {
  switch (command.type) {
    case 'desired':
      driver.setDesired(command)
      break
    case 'speakers':
      driver.setSpeakers(command.speakers)
      break
    case 'standing':
      driver.setStanding(command.standing)
      break
    case 'rivals':
      driver.setRivals(command.addresses)
      break
    case 'speakUp':
      driver.speakUp()
      break
    case 'secret':
      driver.setSecret(command.secret)
      break
    case 'routerSessions':
      routers.setSessions(command.sessions)
      break
    case 'unnumbered':
      routers.setUnnumbered(command.interfaces)
      break
    case 'leave':
      driver.leave()
      break
    case 'count':
      send({ type: 'counters', id: command.id, counters: { ...driver.counters(), ...routers.counters() } })
      break
    case 'stop':
      clearInterval(heartbeat)
      routers.stop()
      driver.stop()
      abort.abort()
      port.close()
  }
})
send({ type: 'ready' })
