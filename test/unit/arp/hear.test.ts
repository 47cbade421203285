import assert from 'node:assert/strict'
import { type HeardArp, hearArp, heardArpAddress } from '../../../src/arp/hear.ts'
import { type ArpFrame, ArpOperation, encodeArpFrame } from '../../../src/arp/packet.ts'
import { BROADCAST_MAC } from '../../../src/wire/mac-address.ts'

const senderMac = 0x02005e000001
const sender = 0xc00002c8
const target = 0xc0000201

const question: ArpFrame = {
  destination: BROADCAST_MAC,
  source: senderMac,
  operation: ArpOperation.request,
  senderHardwareAddress: senderMac,
  senderProtocolAddress: sender,
  targetHardwareAddress: 0,
  targetProtocolAddress: target,
}

describe('what an ARP frame says', () => {
  const telling: { name: string; frame: Partial<ArpFrame>; heard: HeardArp }[] = [
    {
      name: 'a request from 0.0.0.0 asks for its target',
      frame: { senderProtocolAddress: 0 },
      heard: { kind: 'probe', address: target, mac: senderMac },
    },
    {
      name: "a plain question claims the asker's address, not the target",
      frame: {},
      heard: { kind: 'claim', address: sender, mac: senderMac },
    },
    {
      name: 'an announcement claims its address',
      frame: { senderProtocolAddress: target },
      heard: { kind: 'claim', address: target, mac: senderMac },
    },
    {
      name: 'an answer claims the address that it answers for, whoever it goes to',
      frame: {
        operation: ArpOperation.reply,
        destination: 0x02005e0000ff,
        senderProtocolAddress: target,
        targetHardwareAddress: 0x02005e0000ff,
        targetProtocolAddress: sender,
      },
      heard: { kind: 'claim', address: target, mac: senderMac },
    },
    {
      name: 'the sender hardware address counts, not the Ethernet source',
      frame: { source: 0x02005e0000ff },
      heard: { kind: 'claim', address: sender, mac: senderMac },
    },
  ]
  for (const { name, frame, heard } of telling) {
    it(name, () => {
      const bytes = encodeArpFrame({ ...question, ...frame })
      assert.deepEqual(hearArp(bytes), heard)
      assert.equal(heardArpAddress(bytes), heard.address)
    })
  }

  const silent: { name: string; bytes: Uint8Array }[] = [
    { name: 'nothing', bytes: new Uint8Array(0) },
    { name: 'half a frame', bytes: encodeArpFrame(question).subarray(0, 41) },
    { name: 'another ethertype', bytes: patched(12, 0x86) },
    { name: 'another hardware', bytes: patched(15, 6) },
    { name: 'another protocol', bytes: patched(17, 1) },
    { name: 'a wrong hardware address length', bytes: patched(18, 8) },
    { name: 'a wrong protocol address length', bytes: patched(19, 16) },
    { name: 'an inverse request', bytes: altered({ operation: 8 }) },
    { name: 'no operation', bytes: altered({ operation: 0 }) },
    { name: 'a sender that is everybody', bytes: altered({ senderHardwareAddress: BROADCAST_MAC }) },
    { name: 'a sender that is nobody', bytes: altered({ senderHardwareAddress: 0 }) },
    { name: 'an answer for 0.0.0.0', bytes: altered({ operation: ArpOperation.reply, senderProtocolAddress: 0 }) },
    { name: 'a probe for 0.0.0.0', bytes: altered({ senderProtocolAddress: 0, targetProtocolAddress: 0 }) },
  ]
  for (const { name, bytes } of silent) {
    it(`nothing is said by ${name}`, () => {
      assert.equal(hearArp(bytes), undefined)
      assert.equal(heardArpAddress(bytes), 0)
    })
  }
})

function altered(fields: Partial<ArpFrame>): Uint8Array {
  return encodeArpFrame({ ...question, ...fields })
}

function patched(offset: number, value: number): Uint8Array {
  const bytes = encodeArpFrame(question)
  bytes[offset] = value
  return bytes
}
