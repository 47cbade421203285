import type { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { Capability } from '../message.ts'

// RFC 5492 §4: code (1), length (1), value; one after the other in an optional parameter.

/** The capability codes that the codec knows. */
export const CapabilityCode = {
  multiprotocol: 1,
  routeRefresh: 2,
  extendedNextHop: 5,
  extendedMessage: 6,
  gracefulRestart: 64,
  fourOctetAs: 65,
  enhancedRouteRefresh: 70,
} as const

/** Reads all capabilities of one optional parameter; one that may not be as it is gets a problem in words. */
export function decodeCapabilities(
  parameter: Reader,
): { readonly capabilities: readonly Capability[] } | { readonly problem: string } {
  const capabilities: Capability[] = []
  while (parameter.remaining > 0) {
    const code = parameter.uint8()
    const value = parameter.sub(parameter.uint8())
    if (parameter.truncated) return { problem: 'a capability is longer than its optional parameter' }
    const length = value.remaining
    const capability = decodeCapability(code, value)
    if (!capability || value.truncated || value.remaining > 0) {
      return { problem: `capability ${code} cannot have ${length} octets` }
    }
    capabilities.push(capability)
  }
  return { capabilities }
}

/** Writes capabilities, one after the other. */
export function encodeCapabilities(capabilities: readonly Capability[]): Uint8Array {
  const writer = new Writer()
  for (const capability of capabilities) {
    const code = capability.type === 'unknown' ? capability.code : CapabilityCode[capability.type]
    const start = writer.length
    writer.uint8(code).uint8(0)
    writeValue(writer, capability)
    const length = writer.length - start - 2
    if (length > 255) throw new RangeError(`capability ${code} of ${length} octets`)
    writer.patchUint16(start, code * 256 + length)
  }
  return writer.finish()
}

function decodeCapability(code: number, value: Reader): Capability | undefined {
  switch (code) {
    case CapabilityCode.multiprotocol: {
      const afi = value.uint16()
      // A reserved octet, to be ignored (RFC 4760 §8).
      value.skip(1)
      return { type: 'multiprotocol', afi, safi: value.uint8() }
    }
    case CapabilityCode.routeRefresh:
      return { type: 'routeRefresh' }
    case CapabilityCode.enhancedRouteRefresh:
      return { type: 'enhancedRouteRefresh' }
    case CapabilityCode.extendedMessage:
      return { type: 'extendedMessage' }
    case CapabilityCode.extendedNextHop:
      return decodeExtendedNextHop(value)
    case CapabilityCode.gracefulRestart:
      return decodeGracefulRestart(value)
    case CapabilityCode.fourOctetAs:
      return { type: 'fourOctetAs', asNumber: value.uint32() }
    default:
      return { type: 'unknown', code, value: new Uint8Array(value.bytes(value.remaining)) }
  }
}

/** RFC 8950 §4: AFI (2), SAFI (2), next hop AFI (2) of each family. */
function decodeExtendedNextHop(value: Reader): Capability {
  const entries = []
  while (value.remaining >= 6) entries.push({ afi: value.uint16(), safi: value.uint16(), nextHopAfi: value.uint16() })
  return { type: 'extendedNextHop', entries }
}

/** RFC 4724 §3, RFC 8538 §2: flags (4 bits: R, N), restart time (12), then AFI (2), SAFI (1), flags (1: F) of each family. */
function decodeGracefulRestart(value: Reader): Capability {
  const flagsAndTime = value.uint16()
  const families = []
  while (value.remaining >= 4) {
    const afi = value.uint16()
    const safi = value.uint8()
    families.push({ afi, safi, forwardingPreserved: (value.uint8() & 0x80) !== 0 })
  }
  return {
    type: 'gracefulRestart',
    restarting: (flagsAndTime & 0x8000) !== 0,
    notification: (flagsAndTime & 0x4000) !== 0,
    restartTimeSeconds: flagsAndTime & 0x0fff,
    families,
  }
}

function writeValue(writer: Writer, capability: Capability): void {
  switch (capability.type) {
    case 'multiprotocol':
      writer.uint16(capability.afi).uint8(0).uint8(capability.safi)
      return
    case 'routeRefresh':
    case 'enhancedRouteRefresh':
    case 'extendedMessage':
      return
    case 'extendedNextHop':
      for (const { afi, safi, nextHopAfi } of capability.entries) writer.uint16(afi).uint16(safi).uint16(nextHopAfi)
      return
    case 'gracefulRestart': {
      const { restarting, notification, restartTimeSeconds, families } = capability
      if (!(restartTimeSeconds >= 0 && restartTimeSeconds <= 0x0fff)) {
        throw new RangeError(`a restart time of ${restartTimeSeconds} s does not fit in 12 bits`)
      }
      writer.uint16((restarting ? 0x8000 : 0) | (notification ? 0x4000 : 0) | restartTimeSeconds)
      for (const { afi, safi, forwardingPreserved } of families) {
        writer.uint16(afi).uint8(safi)
        writer.uint8(forwardingPreserved ? 0x80 : 0)
      }
      return
    }
    case 'fourOctetAs':
      writer.uint32(capability.asNumber)
      return
    case 'unknown':
      writer.bytes(capability.value)
  }
}
