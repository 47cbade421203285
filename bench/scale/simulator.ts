/**
 * All speakers of the benchmark but one, in one process: they renew their Leases and answer liveness packets, each on an address of its own, and
 * some of them watch the real one. `simulator.ts KUBECONFIG SPEAKERS SECRET`; a list of the numbers of those that watch comes as a message.
 */
import { createSocket, type Socket } from 'node:dgram'
import { Liveness } from '../../src/bfd/liveness.ts'
import { SystemClock } from '../../src/io/clock.ts'
import { type Address, formatAddress, parseAddress } from '../../src/ip/address.ts'
import { LeaseRegistration } from '../../src/kubernetes/lease-registration.ts'
import { silentLogger } from '../../src/kubernetes/logger.ts'
import { connect, NAMESPACE } from './api.ts'
import { nodeAddress, nodeName, OWN_NODE } from './objects.ts'

const LIVENESS_PORT = 7946
const TICK_MS = 10

const [kubeconfig = '', count = '', secret = ''] = process.argv.slice(2)
const speakers = Number(count)
const own: Address = parseAddress(nodeAddress(0))!
const client = await connect(kubeconfig)
const clock = new SystemClock()
const random = Math.random

interface Simulated {
  readonly liveness: Liveness
  readonly socket: Socket
}

const simulated = new Map<number, Simulated>()
for (let index = 1; index < speakers; index++) {
  const name = nodeName(index)
  // A tenth of a second between two: they must not all renew at once.
  setTimeout(() => {
    const init = { namespace: NAMESPACE, name: `herald-speaker-${name}`, identity: name, onChange: () => {} }
    new LeaseRegistration({ client, clock, random, logger: silentLogger }, init).start()
  }, index * 50)
  const liveness = new Liveness({ random }, { node: name })
  const socket = createSocket('udp4').bind(LIVENESS_PORT, nodeAddress(index))
  const send = (actions: ReturnType<Liveness['timer']>) => {
    for (const action of actions) {
      if (action.type === 'send') socket.send(action.payload, LIVENESS_PORT, formatAddress(action.address))
    }
  }
  socket.on('message', (payload, { address }) => {
    send(liveness.receive(payload, { source: parseAddress(address)!, ttl: -1 }, clock.monotonicMs()))
  })
  socket.on('error', () => {})
  liveness.setSpeakers(new Map([[OWN_NODE, [own]]]), clock.monotonicMs())
  send(liveness.setSecret(new TextEncoder().encode(secret), clock.monotonicMs()))
  setInterval(() => {
    const nowMs = clock.monotonicMs()
    if ((liveness.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs) send(liveness.timer(nowMs))
  }, TICK_MS)
  simulated.set(index, { liveness, socket })
}
process.on('message', (watchers: number[]) => {
  for (const [index, { liveness, socket }] of simulated) {
    const wanted = new Set(watchers.includes(index) ? [OWN_NODE] : [])
    for (const action of liveness.setWatched(wanted, clock.monotonicMs())) {
      if (action.type === 'send') socket.send(action.payload, LIVENESS_PORT, formatAddress(action.address))
    }
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
