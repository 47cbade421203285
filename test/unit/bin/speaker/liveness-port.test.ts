import assert from 'node:assert/strict'
import { LivenessPort } from '../../../../src/bin/speaker/link/liveness-port.ts'
import { parseAddress } from '../../../../src/ip/address.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryUdp } from '../../../support/io/memory-udp.ts'

const PORT = 7946

/** A port, and a stranger who sends what is no packet. */
function scene() {
  const clock = new FakeClock()
  const udp = new MemoryUdp()
  const here = parseAddress('192.0.2.1')!
  const host = udp.addHost([here])
  let wakeups = 0
  const port = new LivenessPort(
    { clock, random: () => 0, openUdpSocket: host.open },
    {
      ...{ node: 'here', port: PORT, intervalMs: 100, multiplier: 3 },
      onLiveness: () => {},
      isStale: () => {
        wakeups++
        return false
      },
      onProblem: assert.fail,
    },
  )
  port.start()
  const stranger = udp
    .addHost([parseAddress('192.0.2.2')!])
    .open({ family: 4, port: PORT, onBatch: () => {}, onError: assert.fail })
  const send = async (count: number) => {
    const datagram = { address: here, port: PORT, payload: Uint8Array.of(0) }
    stranger.send(Array.from({ length: count }, () => datagram))
    await clock.advanceAsync(0)
  }
  const seen = () => [wakeups, port.dropped.truncated]
  return { clock, port, send, seen }
}

describe('The port of liveness packets', () => {
  it('rests for 5 ms after a packet, and then takes at once what has come', async () => {
    const { clock, port, send, seen } = scene()
    await send(1)
    assert.deepEqual(seen(), [1, 1])
    clock.advance(1)
    await send(3)
    await clock.advanceAsync(3.9)
    assert.deepEqual(seen(), [1, 1])
    await clock.advanceAsync(0.1)
    assert.deepEqual(seen(), [2, 4])
    await clock.advanceAsync(5)
    await send(1)
    assert.deepEqual(seen(), [3, 5], 'after its rest it is awake')

    port.close()
    assert.equal(clock.pendingTimers, 0)
  })

  it('does not rest while batches are full', async () => {
    const { clock, port, send, seen } = scene()
    await send(64)
    await send(64)
    await send(63)
    assert.deepEqual(seen(), [3, 191])
    await send(1)
    assert.deepEqual(seen(), [3, 191], 'that one was not full')
    await clock.advanceAsync(5)
    assert.deepEqual(seen(), [4, 192])
    port.close()
  })
})
