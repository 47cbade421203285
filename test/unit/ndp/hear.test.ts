import assert from 'node:assert/strict'
import { heardNdpOffset, hearNdp } from '../../../src/ndp/hear.ts'
import { storeChecksum } from '../../../src/ndp/icmpv6-frame.ts'
import { Ipv6Map } from '../../../src/ndp/ipv6-map.ts'
import { encodeNdpFrame, type NdpFrame } from '../../../src/ndp/packet.ts'
import {
  announced,
  asker,
  askerMac,
  duplicateProbe,
  ipv6,
  ownMac,
  reachabilityProbe,
  solicitation,
  unsolicited,
} from '../../support/neighbors.ts'

const viaProxy = 0x02005e0000ff

describe('what a neighbour discovery frame says', () => {
  const telling: { name: string; frame: NdpFrame; heard: ReturnType<typeof hearNdp> }[] = [
    {
      name: 'a solicitation from :: asks for its target',
      frame: duplicateProbe,
      heard: { kind: 'probe', address: announced, mac: askerMac },
    },
    {
      name: 'an unsolicited advertisement claims its target',
      frame: unsolicited,
      heard: { kind: 'claim', address: announced, mac: ownMac },
    },
    {
      name: 'a solicited advertisement claims its target, whoever it goes to',
      frame: {
        ...unsolicited,
        destination: viaProxy,
        destinationAddress: asker,
        message: { ...unsolicited.message, solicited: true, override: false },
      },
      heard: { kind: 'claim', address: announced, mac: ownMac },
    },
    {
      name: 'the target link-layer address counts more than the Ethernet source',
      frame: { ...unsolicited, source: viaProxy },
      heard: { kind: 'claim', address: announced, mac: ownMac },
    },
    {
      name: 'without it the Ethernet source counts',
      frame: { ...unsolicited, message: { ...unsolicited.message, targetLinkLayerAddress: undefined } },
      heard: { kind: 'claim', address: announced, mac: ownMac },
    },
    {
      name: 'an advertisement says nothing by a source link-layer address',
      frame: {
        ...unsolicited,
        message: { ...unsolicited.message, targetLinkLayerAddress: undefined, sourceLinkLayerAddress: viaProxy },
      },
      heard: { kind: 'claim', address: announced, mac: ownMac },
    },
    {
      name: "a plain question claims the asker's address, not the target",
      frame: solicitation,
      heard: { kind: 'claim', address: asker, mac: askerMac },
    },
    {
      name: 'the source link-layer address counts more than the Ethernet source',
      frame: { ...solicitation, source: viaProxy },
      heard: { kind: 'claim', address: asker, mac: askerMac },
    },
    {
      name: 'a question in the name of the address claims it',
      frame: { ...reachabilityProbe, sourceAddress: announced },
      heard: { kind: 'claim', address: announced, mac: askerMac },
    },
  ]
  for (const { name, frame, heard } of telling) {
    it(name, () => {
      const bytes = encodeNdpFrame(frame)
      assert.deepEqual(hearNdp(bytes), heard)
      const cares = new Ipv6Map<boolean>().set(heard!.address, true)
      assert.equal(cares.find(bytes, heardNdpOffset(bytes)), true)
    })
  }

  const silent: { name: string; bytes: Uint8Array; offset?: number }[] = [
    { name: 'nothing', bytes: new Uint8Array(0), offset: -1 },
    { name: 'half a frame', bytes: encodeNdpFrame(duplicateProbe).subarray(0, 77), offset: -1 },
    { name: 'another ethertype', bytes: patched(unsolicited, { 12: 8 }), offset: -1 },
    { name: 'an echo request', bytes: patched(unsolicited, { 54: 128 }), offset: -1 },
    { name: 'another protocol', bytes: patched(unsolicited, { 20: 17 }) },
    { name: 'an advertisement from another segment', bytes: patched(unsolicited, { 21: 64 }) },
    { name: 'a wrong checksum', bytes: Object.assign(encodeNdpFrame(unsolicited), { 56: 1 }) },
    { name: 'another code', bytes: patched(unsolicited, { 55: 1 }) },
    { name: 'a message without a target', bytes: patched(unsolicited, { 19: 8 }) },
    { name: 'a group as target', bytes: patched(unsolicited, { 62: 0xff }) },
    { name: 'an option without length', bytes: patched(unsolicited, { 79: 0 }) },
    { name: 'an answer to all that was solicited', bytes: patched(unsolicited, { 58: 0x60 }) },
    {
      name: 'a probe that goes to one node',
      bytes: encodeNdpFrame({ ...duplicateProbe, destinationAddress: announced }),
    },
    {
      name: 'a probe with a link-layer address',
      bytes: encodeNdpFrame({ ...duplicateProbe, message: solicitation.message }),
    },
    {
      name: 'a claim for a group of stations',
      bytes: encodeNdpFrame({
        ...unsolicited,
        message: { ...unsolicited.message, targetLinkLayerAddress: 0x01005e000001 },
      }),
    },
    { name: 'a frame from nobody', bytes: encodeNdpFrame({ ...unsolicited, source: 0 }) },
    {
      name: 'a source that is a group',
      bytes: encodeNdpFrame({ ...solicitation, sourceAddress: ipv6('ff02::1') }),
    },
  ]
  for (const { name, bytes, offset } of silent) {
    it(`nothing is said by ${name}`, () => {
      assert.equal(hearNdp(bytes), undefined)
      if (offset !== undefined) assert.equal(heardNdpOffset(bytes), offset)
    })
  }
})

/** The frame with other bytes at some offsets, and the checksum that this asks for. */
function patched(frame: NdpFrame, changes: Record<number, number>): Uint8Array {
  const bytes = Object.assign(encodeNdpFrame(frame), changes)
  storeChecksum(bytes)
  return bytes
}
