import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../../src/io/', import.meta.url)
const source = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, folder)))

// runs a module without some capabilities; returns what it printed
function runWithout(capabilities: string, module: string): string {
  const node = [process.execPath, '--input-type=module', '--eval', module]
  const { stdout, stderr, status, error } = spawnSync(
    'setpriv',
    ['--bounding-set', capabilities, '--inh-caps', capabilities, '--ambient-caps', '-all', ...node],
    { encoding: 'utf8', timeout: 20_000 },
  )
  assert.equal(status, 0, `${error ?? ''}${stdout}${stderr}`)
  return stdout
}

describe('a missing capability', () => {
  it('is named with where to add it: packet sockets', () => {
    const output = runWithout(
      '-net_raw',
      `import { openPacketSocket } from ${source('packet-socket.ts')}
       try { openPacketSocket({ interfaceIndex: 1, etherType: 0x0806, onBatch() {}, onError() {} }) }
       catch (error) { console.log(error.code, error.capability, error.message) }`,
    )
    assert.match(output, /^ERR_HERALD_CAPABILITY NET_RAW opening a packet socket needs the capability CAP_NET_RAW/)
    assert.match(output, /add NET_RAW to securityContext\.capabilities\.add of the speaker's container/)
  })

  it('is named with where to add it: a port below 1024', () => {
    const output = runWithout(
      '-net_bind_service',
      `import { listenTcp } from ${source('tcp.ts')}
       await listenTcp({ family: 4, port: 179, onConnection() {}, onError() {} })
         .catch(error => console.log(error.code, error.message))`,
    )
    assert.match(output, /^ERR_HERALD_CAPABILITY listening on TCP port 179 needs the capability CAP_NET_BIND_SERVICE/)
  })

  it('is not needed for what the speaker does beside: NET_RAW alone suffices', () => {
    const output = runWithout(
      '-all,+net_raw',
      `import { openPacketSocket } from ${source('packet-socket.ts')}
       import { openUdpSocket } from ${source('udp.ts')}
       import { openGroupMembership } from ${source('multicast.ts')}
       import { NetlinkInterfaceMonitor } from ${source('interfaces.ts')}
       const ignore = { onBatch() {}, onError() {} }
       const packet = openPacketSocket({ ...ignore, interfaceIndex: 1, etherType: 0x0806 })
       packet.addMembership(Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 1))
       packet.close()
       const groups = openGroupMembership({ onError: console.log })
       groups.join({ family: 6, value: 0xff02_0000_0000_0000_0000_0001_ff00_0001n }, 1)
       await null
       groups.close()
       openUdpSocket({ ...ignore, family: 4, ttl: 255, dscp: 48, device: 'lo' }).close()
       const controller = new AbortController()
       const monitor = new NetlinkInterfaceMonitor()
       await monitor.start({ signal: controller.signal })
       console.log(monitor.snapshot().some(({ name }) => name === 'lo'))
       controller.abort()`,
    )
    assert.equal(output, 'true\n')
  })
})
