import assert from 'node:assert/strict'
import { storeChecksum } from '../../../src/ndp/icmpv6-frame.ts'
import { decodeNdpFrame, encodeNdpFrame, type NdpFrame } from '../../../src/ndp/packet.ts'
import { NDP_ANSWER_LENGTH, NDP_RECEIVE_RULES, type NdpDropReason, NdpResponder } from '../../../src/ndp/responder.ts'
import { fromHex } from '../../support/hex.ts'
import {
  announced,
  asker,
  askerMac,
  duplicateProbe,
  group,
  ipv6,
  ownLinkLocal,
  ownMac,
  reachabilityProbe,
  solicitation,
  unsolicited,
} from '../../support/neighbors.ts'

const solicitedAnswer: NdpFrame = {
  ...unsolicited,
  destination: askerMac,
  destinationAddress: asker,
  message: { ...unsolicited.message, solicited: true },
}
const nonce = fromHex('a1b2c3d4e5f6')

describe('NDP responder', () => {
  const answered: { name: string; frame: NdpFrame; answer: NdpFrame }[] = [
    { name: 'a solicitation to the group', frame: solicitation, answer: solicitedAnswer },
    {
      name: 'a solicitation to the group without an option',
      frame: { ...solicitation, message: { type: 'solicitation', target: announced } },
      answer: solicitedAnswer,
    },
    { name: 'a reachability probe to this node alone', frame: reachabilityProbe, answer: solicitedAnswer },
    {
      name: 'a reachability probe with an option',
      frame: { ...reachabilityProbe, message: solicitation.message },
      answer: solicitedAnswer,
    },
    {
      name: 'a solicitation through a proxy, at the MAC that it names',
      frame: { ...solicitation, source: 0x02005e0000ff },
      answer: solicitedAnswer,
    },
    {
      name: 'a probe for duplicates, to all',
      frame: { ...duplicateProbe, message: { ...duplicateProbe.message, nonce } },
      answer: unsolicited,
    },
    {
      name: 'a probe for duplicates that was sent to this node alone (RFC 6085)',
      frame: { ...duplicateProbe, destination: ownMac },
      answer: unsolicited,
    },
  ]
  for (const { name, frame, answer } of answered) {
    it(`answers ${name}`, () => {
      const responder = newResponder()
      assert.deepEqual(ask(responder, encodeNdpFrame(frame)), { frame: answer })
      assert.deepEqual(responder.dropped, {})
      assert.equal(responder.addresses.get(announced)?.requestsReceived, 1)
    })
  }

  it('writes what the codec writes, byte for byte', () => {
    const responder = newResponder()
    const reply = new Uint8Array(NDP_ANSWER_LENGTH).fill(0xee)
    responder.answer(encodeNdpFrame(solicitation), reply)
    assert.deepEqual(reply, encodeNdpFrame(solicitedAnswer))
    responder.answer(encodeNdpFrame(duplicateProbe), reply)
    assert.deepEqual(reply, encodeNdpFrame(unsolicited))
  })

  const dropped: { name: string; reason: NdpDropReason; bytes: Uint8Array }[] = [
    { name: 'a short frame', reason: 'truncated', bytes: encodeNdpFrame(reachabilityProbe).subarray(0, 77) },
    { name: 'an empty frame', reason: 'truncated', bytes: new Uint8Array(0) },
    { name: 'another ethertype', reason: 'notIpv6', bytes: patched({ 12: 0x08, 13: 0x00 }) },
    { name: 'another IP version', reason: 'wrongVersion', bytes: patched({ 14: 0x40 }) },
    { name: 'a payload that is not there', reason: 'payloadBeyondFrame', bytes: patched({ 19: 33 }) },
    { name: 'another protocol', reason: 'notIcmpv6', bytes: patched({ 20: 17 }) },
    { name: 'a message behind an extension header', reason: 'notIcmpv6', bytes: patched({ 20: 0 }) },
    { name: 'a router solicitation', reason: 'notNeighborDiscovery', bytes: patched({ 54: 133 }) },
    { name: 'a redirect', reason: 'notNeighborDiscovery', bytes: patched({ 54: 137 }) },
    { name: 'a packet that a router may have let through', reason: 'wrongHopLimit', bytes: patched({ 21: 254 }) },
    { name: 'another code', reason: 'wrongCode', bytes: patched({ 55: 1 }) },
    { name: 'a wrong checksum', reason: 'wrongChecksum', bytes: patched({ 56: 0, 57: 0 }, { checksum: 'kept' }) },
    {
      name: 'a checksum over other addresses',
      reason: 'wrongChecksum',
      bytes: patched({ 37: 0xc9 }, { checksum: 'kept' }),
    },
    { name: 'a message without a target', reason: 'shortMessage', bytes: patched({ 19: 8 }) },
    { name: 'a message with a part of a target', reason: 'shortMessage', bytes: patched({ 19: 23 }) },
    { name: 'a group as target', reason: 'targetIsMulticast', bytes: patched({ 62: 0xff }) },
    { name: 'an option without length', reason: 'brokenOptions', bytes: patched({ 79: 0 }) },
    { name: 'an option that goes on beyond the message', reason: 'brokenOptions', bytes: patched({ 79: 2 }) },
    { name: 'half an option', reason: 'brokenOptions', bytes: patched({ 19: 25 }) },
    { name: 'a link-layer address of another length', reason: 'wrongLinkLayerLength', bytes: withLongLinkLayer(1) },
    {
      name: 'a target link-layer address of another length',
      reason: 'wrongLinkLayerLength',
      bytes: withLongLinkLayer(2),
    },
    { name: 'a source that is a group', reason: 'sourceIsMulticast', bytes: altered({ sourceAddress: group }) },
    {
      name: 'a probe for duplicates that goes to another group',
      reason: 'probeNotToGroup',
      bytes: encodeNdpFrame({ ...duplicateProbe, destinationAddress: ipv6('ff02::1') }),
    },
    {
      name: 'a probe for duplicates that goes to one address',
      reason: 'probeNotToGroup',
      bytes: encodeNdpFrame({ ...duplicateProbe, destinationAddress: announced }),
    },
    {
      name: 'a probe for duplicates with a link-layer address',
      reason: 'probeWithLinkLayerAddress',
      bytes: altered({ sourceAddress: 0n }),
    },
    {
      name: 'an answer to all that claims to have been solicited',
      reason: 'solicitedByNobody',
      bytes: encodeNdpFrame({ ...unsolicited, message: { ...unsolicited.message, solicited: true } }),
    },
    {
      name: 'an advertisement',
      reason: 'notSolicitation',
      bytes: encodeNdpFrame({ ...unsolicited, source: askerMac }),
    },
    {
      name: 'a frame for another station',
      reason: 'otherDestination',
      bytes: altered({ destination: 0x02005e0000ff }),
    },
    { name: 'a frame for another group', reason: 'otherDestination', bytes: altered({ destination: 0x333300000001 }) },
    { name: 'an own frame', reason: 'ownFrame', bytes: altered({ source: ownMac }) },
    {
      name: 'an asker that gives the own MAC for its own',
      reason: 'ownFrame',
      bytes: altered({ message: { ...solicitation.message, sourceLinkLayerAddress: ownMac } }),
    },
    { name: 'a frame from a group', reason: 'senderNotUnicast', bytes: altered({ source: 0x01005e000001 }) },
    { name: 'a frame from nobody', reason: 'senderNotUnicast', bytes: altered({ source: 0 }) },
    {
      name: 'an asker that is everybody',
      reason: 'senderNotUnicast',
      bytes: altered({ message: { ...solicitation.message, sourceLinkLayerAddress: 0xffffffffffff } }),
    },
    {
      name: 'an asker that is nobody',
      reason: 'senderNotUnicast',
      bytes: altered({ message: { ...solicitation.message, sourceLinkLayerAddress: 0 } }),
    },
    {
      name: 'a question for another address of the same group',
      reason: 'notAnnounced',
      bytes: altered({ message: { ...solicitation.message, target: ipv6('2001:db8:1::1') } }),
    },
    {
      name: "another's question in the name of the address",
      reason: 'claimedByOther',
      bytes: altered({ sourceAddress: announced }),
    },
  ]
  for (const { name, reason, bytes } of dropped) {
    it(`drops ${name}`, () => {
      const responder = newResponder()
      assert.equal(responder.accept(bytes), undefined)
      assert.deepEqual(responder.dropped, { [reason]: 1 })
      const decoded = decodeNdpFrame(bytes)
      if ('problem' in decoded) assert.equal(decoded.problem, reason)
    })
  }

  it('has a test for every rule', () => {
    assert.deepEqual(
      new Set(dropped.map(({ reason }) => reason)),
      new Set(NDP_RECEIVE_RULES.map(({ reason }) => reason)),
    )
  })

  it('answers with the new MAC and link-local address once they changed', () => {
    const responder = newResponder()
    responder.mac = 0x02005e0000aa
    responder.linkLocal = ipv6('fe80::aa')
    assert.equal(responder.linkLocal, ipv6('fe80::aa'))
    assert.deepEqual(ask(responder, encodeNdpFrame(solicitation)), {
      frame: {
        ...solicitedAnswer,
        source: 0x02005e0000aa,
        sourceAddress: ipv6('fe80::aa'),
        message: { ...solicitedAnswer.message, targetLinkLayerAddress: 0x02005e0000aa },
      },
    })
  })

  it('falls silent for an address that it no longer announces', () => {
    const responder = newResponder()
    responder.addresses.delete(announced)
    assert.equal(responder.accept(encodeNdpFrame(solicitation)), undefined)
    assert.deepEqual(responder.dropped, { notAnnounced: 1 })
  })
})

function newResponder(): NdpResponder {
  const responder = new NdpResponder({ mac: ownMac, linkLocal: ownLinkLocal })
  responder.addresses.set(announced, { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })
  return responder
}

function ask(responder: NdpResponder, bytes: Uint8Array): ReturnType<typeof decodeNdpFrame> | undefined {
  if (!responder.accept(bytes)) return undefined
  // Every byte must be written: the slots are reused.
  const reply = new Uint8Array(NDP_ANSWER_LENGTH).fill(0xee)
  responder.answer(bytes, reply)
  return decodeNdpFrame(reply)
}

function altered(fields: Partial<NdpFrame>): Uint8Array {
  return encodeNdpFrame({ ...solicitation, ...fields })
}

/** The solicitation with other bytes at some offsets, and the checksum that this asks for unless it is to be kept. */
function patched(
  bytes: Record<number, number>,
  { checksum = 'renewed' }: { checksum?: 'renewed' | 'kept' } = {},
): Uint8Array {
  const frame = encodeNdpFrame(solicitation)
  for (const [offset, value] of Object.entries(bytes)) frame[Number(offset)] = value
  if (checksum === 'renewed') storeChecksum(frame)
  return frame
}

/** A solicitation whose only option, a link-layer address, is 16 bytes long, as on other media. */
function withLongLinkLayer(type: number): Uint8Array {
  const frame = Uint8Array.of(...encodeNdpFrame(reachabilityProbe), type, 2, ...new Uint8Array(14).fill(2))
  frame[19] = 40
  storeChecksum(frame)
  return frame
}
