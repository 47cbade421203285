import { CeaseSubcode, ErrorCode, hardReset, type ProtocolError, shutdownCommunication } from '../error-codes.ts'
import type { Negotiated } from '../negotiation.ts'
import { type Reason, ReasonCode } from './reason.ts'
import type { StopReason } from './stop-reason.ts'

/**
 * What a peer is told when a session is ended on purpose (RFC 4271 §6.7, RFC 4486).
 *
 * @param negotiated undefined before the session is agreed upon
 * @returns undefined where the connection has to end without a NOTIFICATION
 */
export function ceaseFor(reason: StopReason, negotiated: Negotiated | undefined): ProtocolError | undefined {
  const restart = negotiated?.gracefulRestart
  // RFC 4724 §4: a NOTIFICATION ends graceful restart, unless RFC 8538 is agreed upon.
  const staysSilent = restart !== undefined && !restart.notification
  // RFC 8538 §3: and then a Hard Reset is what ends it.
  const final = (error: ProtocolError) => (restart?.notification ? hardReset(error) : error)
  switch (reason.type) {
    case 'shutdown':
      return final(cease(CeaseSubcode.administrativeShutdown, reason))
    case 'deconfigured':
      return final(cease(CeaseSubcode.peerDeconfigured, reason))
    case 'reset':
      return final(cease(CeaseSubcode.administrativeReset, reason))
    case 'bfdDown':
      // RFC 9384 §3. Final: a path that carries no packets must not be kept.
      return final(cease(CeaseSubcode.bfdDown, reason))
    case 'gracefulRestart':
      if (!restart) return cease(CeaseSubcode.administrativeShutdown, reason)
      return staysSilent ? undefined : cease(CeaseSubcode.administrativeReset, reason)
    case 'configurationChanged':
      if (!reason.continued) return final(cease(CeaseSubcode.otherConfigurationChange, reason))
      return staysSilent ? undefined : cease(CeaseSubcode.otherConfigurationChange, reason)
    case 'replaced':
      return undefined
    case 'otherConnection':
      return cease(CeaseSubcode.connectionCollisionResolution, reason)
  }
}

/** Why a session was stopped, in words. */
export function reasonOfStop(reason: StopReason): Reason {
  return { code: ReasonCode[reason.type], text: stopText(reason) }
}

function stopText(reason: StopReason): string {
  switch (reason.type) {
    case 'shutdown':
      return `shut down${told(reason.communication)}`
    case 'deconfigured':
      return 'the peer is configured no more'
    case 'reset':
      return `reset${told(reason.communication)}`
    case 'gracefulRestart':
      return `this speaker restarts${told(reason.communication)}`
    case 'configurationChanged':
      return `its configuration has changed: ${reason.fields.join(', ')}`
    case 'bfdDown':
      return 'BFD has lost the peer'
    case 'replaced':
      return 'the peer has restarted and opened a new connection'
    case 'otherConnection':
      return 'the other connection with the peer has decided'
  }
}

function told(communication: string | undefined): string {
  return communication ? `: ${communication}` : ''
}

function cease(subcode: CeaseSubcode, reason: StopReason): ProtocolError {
  // RFC 9003 §2: only these two carry a text.
  const hasText = subcode === CeaseSubcode.administrativeShutdown || subcode === CeaseSubcode.administrativeReset
  const text = hasText && 'communication' in reason ? reason.communication : undefined
  const data = text ? shutdownCommunication(text) : new Uint8Array(0)
  return { code: ErrorCode.cease, subcode, data, reason: stopText(reason) }
}
