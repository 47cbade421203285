/** A worker that opens sockets of every kind and then waits, busy with its own traffic, until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads'
import { NetlinkInterfaceMonitor } from '../../../src/io/interfaces.ts'
import { openGroupMembership } from '../../../src/io/multicast.ts'
import { openPacketSocket } from '../../../src/io/packet-socket.ts'
import { connectTcp } from '../../../src/io/tcp.ts'
import { openUdpSocket } from '../../../src/io/udp.ts'
import { parseAddress } from '../../../src/ip/address.ts'

const { interfaceIndex, sockets } = workerData as { interfaceIndex: number; sockets: number }
const localhost = parseAddress('127.0.0.1')!
const frame = new Uint8Array(60)
let seen = 0

for (let i = 0; i < sockets; i++) {
  const socket = openPacketSocket({
    interfaceIndex,
    etherType: 0x0003,
    onBatch(batch) {
      seen += batch.count
      for (let j = 0; j < batch.count; j++) batch.reply(60)?.set(frame)
    },
    onError: () => {},
  })
  socket.send([frame])
  const udp = openUdpSocket({
    family: 4,
    address: localhost,
    onBatch(batch) {
      seen += batch.count
      udp.send([{ payload: frame, address: localhost, port: udp.localPort }])
    },
    onError: () => {},
  })
  udp.send([{ payload: frame, address: localhost, port: udp.localPort }])
  openGroupMembership({ onError: () => {} }).join(parseAddress('ff02::1:ff00:1')!, interfaceIndex)
  void new NetlinkInterfaceMonitor().start({ signal: new AbortController().signal })
}
// an attempt that is still going on
void connectTcp({ remoteAddress: parseAddress('192.0.2.77')!, remotePort: 9 }).catch(() => {})

setInterval(() => parentPort?.postMessage(seen), 1)
