import assert from 'node:assert/strict'
import { knownSpeakers } from '../../../../src/bin/speaker/known-speakers.ts'
import { formatAddress } from '../../../../src/ip/address.ts'
import { viewNode } from '../../../../src/resources/node.ts'
import { type SpeakerObject, viewSpeaker } from '../../../../src/resources/speaker-view.ts'

const mac = '02:00:5e:00:00:01'

function speaker(name: string, status: SpeakerObject['status'] = { interfaces: [] }) {
  return viewSpeaker({ metadata: { name, uid: name }, ...(status && { status }) })
}

function node(name: string, ...addresses: string[]) {
  return viewNode({
    metadata: { name, uid: name },
    status: { addresses: addresses.map(address => ({ type: 'InternalIP', address })) },
  })
}

function addressesOf(name: string, interfaces: string[][], ...ofNode: string[]): string[] {
  const status = { interfaces: interfaces.map((addresses, index) => ({ name: `eth${index}`, mac, addresses })) }
  const [known] = knownSpeakers([speaker(name, status)], () => (ofNode.length > 0 ? node(name, ...ofNode) : undefined))
  return known!.addresses.map(formatAddress)
}

describe('knownSpeakers', () => {
  it('gives the addresses of the Node first, then those of the interfaces, each once', () => {
    const interfaces = [
      ['192.0.2.7/24', '192.0.2.101/24'],
      ['198.51.100.7/24', '2001:db8::7/64'],
    ]
    assert.deepEqual(addressesOf('a', interfaces, '192.0.2.101', '2001:db8::101'), [
      '192.0.2.101',
      '2001:db8::101',
      '192.0.2.7',
      '198.51.100.7',
      '2001:db8::7',
    ])
  })

  it('needs no Node', () => {
    assert.deepEqual(addressesOf('a', [['192.0.2.7/24']]), ['192.0.2.7'])
  })

  it('leaves link-local addresses out, and no others that look like them', () => {
    const interfaces = [['fe80::1/64', 'febf::1/64', 'fec0::1/64', 'fd00::1/64', 'fe7f::1/64']]
    assert.deepEqual(addressesOf('a', interfaces), ['fec0::1', 'fd00::1', 'fe7f::1'])
  })

  it('leaves out what cannot be read', () => {
    assert.deepEqual(addressesOf('a', [['nonsense', '192.0.2.300/24', '', '192.0.2.7']], 'node-a.example'), [
      '192.0.2.7',
    ])
    const status = {
      interfaces: [
        { name: 'eth0', mac: 'zz', addresses: [] },
        { name: 'eth1', mac, addresses: [] },
      ],
    }
    const [known] = knownSpeakers([speaker('a', status)], () => undefined)
    assert.deepEqual(known?.macs, [0x0200_5e00_0001])
  })

  it('knows those that have reported once, sorted, and marks those that have left', () => {
    const speakers = [
      speaker('c', { interfaces: [], expiredAt: '2026-01-01T00:00:00Z' }),
      viewSpeaker({ metadata: { name: 'b', uid: 'b' } }),
      speaker('a'),
    ]
    assert.deepEqual(
      knownSpeakers(speakers, () => undefined).map(known => [known.node, known.expired]),
      [
        ['a', false],
        ['c', true],
      ],
    )
  })
})
