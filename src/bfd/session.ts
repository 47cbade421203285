import { type ControlPacket, Diagnostic, encodeControlPacket, SessionState } from './packet.ts'
import type { SessionConfig, SessionVariables } from './session-variables.ts'

export type SessionEvent =
  /** a packet that has passed every reception check */
  | { readonly type: 'packet'; readonly packet: ControlPacket }
  /** `dueMs` is reached */
  | { readonly type: 'timer' }
  /** intervals or multiplier change */
  | { readonly type: 'configure'; readonly config: SessionConfig }
  /** RFC 5880 §6.8.16: the session is wanted no more, and the peer is to know */
  | { readonly type: 'adminDown' }
  /** and wanted again */
  | { readonly type: 'adminUp' }

export type SessionAction =
  | { readonly type: 'send'; readonly payload: Uint8Array }
  | { readonly type: 'state'; readonly state: SessionState; readonly diagnostic: number }

/**
 * RFC 5880 §6.8.6, the last part: own state by the state that the peer says it is in. Rows: own; columns: peer's, both in the order
 * adminDown, down, init, up.
 */
const STATE_TABLE: readonly (readonly SessionState[])[] = [
  [SessionState.adminDown, SessionState.adminDown, SessionState.adminDown, SessionState.adminDown],
  [SessionState.down, SessionState.init, SessionState.up, SessionState.down],
  [SessionState.down, SessionState.init, SessionState.up, SessionState.up],
  [SessionState.down, SessionState.down, SessionState.up, SessionState.up],
]

const defaultSlowIntervalMs = 1000
// A timer comes late by what its thread was doing, and packets may wait that nobody has read: they go first.
const graceMs = 2
const largestUint32 = 0xffffffff

/**
 * One BFD session (RFC 5880 §6.8) in asynchronous mode. It is not the one to ask for Demand mode, but honours it; the Echo function is refused
 * (Required Min Echo RX Interval 0). Given the same events, times and random numbers it does the same things.
 */
export class Session {
  readonly variables: SessionVariables
  readonly #random: () => number
  #config: SessionConfig
  #actions: SessionAction[] = []

  /**
   * @param components.random numbers from 0 up to, not including, 1
   * @param init.localDiscriminator not zero, and of no other session of this node
   */
  constructor(
    components: { random: () => number },
    init: { config: SessionConfig; localDiscriminator: number },
    nowMs: number,
  ) {
    this.#random = components.random
    this.#config = init.config
    this.variables = {
      sessionState: SessionState.down,
      remoteSessionState: SessionState.down,
      localDiscriminator: init.localDiscriminator,
      remoteDiscriminator: 0,
      localDiagnostic: Diagnostic.none,
      remoteDiagnostic: Diagnostic.none,
      desiredMinTxIntervalUs: 0,
      requiredMinRxIntervalUs: toUs(init.config.requiredMinRxIntervalMs),
      // §6.8.1: 1 until the peer has said what it can bear.
      remoteMinRxIntervalUs: 1,
      remoteMinTxIntervalUs: 0,
      remoteDetectMultiplier: 0,
      remoteDemandMode: false,
      authenticationSequence: { transmitted: Math.floor(components.random() * 2 ** 32), received: undefined },
      transmitIntervalInUseUs: 0,
      receiveIntervalInUseUs: toUs(init.config.requiredMinRxIntervalMs),
      polling: false,
      pollAgain: false,
      stateSinceMs: nowMs,
      lastHeardMs: undefined,
      lastTransmitMs: Number.NEGATIVE_INFINITY,
      nextTransmitMs: init.config.role === 'active' ? nowMs : Number.POSITIVE_INFINITY,
      detectAtMs: Number.POSITIVE_INFINITY,
      deadlinePutOff: false,
    }
    this.#applyIntervals()
  }

  /** When the event `timer` is due; Infinity when nothing is. */
  get dueMs(): number {
    return Math.min(this.variables.nextTransmitMs, this.variables.detectAtMs)
  }

  get config(): SessionConfig {
    return this.#config
  }

  /** RFC 5880 §6.8.4: how long the peer may be silent. 0 while it is not heard. */
  get detectionTimeMs(): number {
    const { remoteDetectMultiplier, receiveIntervalInUseUs, remoteMinTxIntervalUs } = this.variables
    return (remoteDetectMultiplier * Math.max(receiveIntervalInUseUs, remoteMinTxIntervalUs)) / 1000
  }

  /** RFC 5880 §6.8.2, before jitter. */
  get transmitIntervalMs(): number {
    return Math.max(this.variables.transmitIntervalInUseUs, this.variables.remoteMinRxIntervalUs) / 1000
  }

  step(event: SessionEvent, nowMs: number): readonly SessionAction[] {
    const actions: SessionAction[] = []
    this.#actions = actions
    switch (event.type) {
      case 'packet':
        this.#packet(event.packet, nowMs)
        break
      case 'timer':
        this.#timer(nowMs)
        break
      case 'configure':
        this.#configure(event.config, nowMs)
        break
      case 'adminDown':
        if (this.variables.sessionState === SessionState.adminDown) break
        this.#enter(SessionState.adminDown, Diagnostic.administrativelyDown, nowMs)
        this.#transmit(nowMs, false)
        break
      case 'adminUp':
        if (this.variables.sessionState !== SessionState.adminDown) break
        this.#enter(SessionState.down, Diagnostic.administrativelyDown, nowMs)
        this.#transmit(nowMs, false)
        break
    }
    return actions
  }

  /** RFC 5880 §6.8.6, from "Set bfd.RemoteDiscr" on. */
  #packet(packet: ControlPacket, nowMs: number): void {
    const { variables } = this
    variables.remoteDiscriminator = packet.myDiscriminator
    variables.remoteSessionState = packet.state
    variables.remoteDiagnostic = packet.diagnostic
    variables.remoteDemandMode = packet.demand
    variables.remoteMinRxIntervalUs = packet.requiredMinRxIntervalUs
    variables.remoteMinTxIntervalUs = packet.desiredMinTxIntervalUs
    variables.remoteDetectMultiplier = packet.detectMultiplier
    if (packet.final && variables.polling) this.#endPoll()
    variables.lastHeardMs = nowMs
    variables.detectAtMs = nowMs + this.detectionTimeMs
    variables.deadlinePutOff = false
    if (variables.sessionState === SessionState.adminDown) return
    const next = STATE_TABLE[variables.sessionState]![packet.state]!
    const changed = next !== variables.sessionState
    if (changed) {
      const lost = next === SessionState.down
      this.#enter(next, lost ? Diagnostic.neighborSignaledSessionDown : variables.localDiagnostic, nowMs)
    }
    // §6.8.7: a Poll is answered at once, whatever the timers say; a change of state is worth a packet of its own.
    if (packet.poll || changed) this.#transmit(nowMs, packet.poll)
    this.#reschedule(nowMs)
  }

  #timer(nowMs: number): void {
    const { variables } = this
    if (nowMs >= variables.detectAtMs) {
      if (nowMs > variables.detectAtMs && !variables.deadlinePutOff) {
        variables.deadlinePutOff = true
        variables.detectAtMs = nowMs + graceMs
      } else {
        this.#detectionTimeExpired(nowMs)
      }
    }
    if (nowMs >= variables.nextTransmitMs) this.#transmit(nowMs, false)
  }

  /** RFC 5880 §6.8.4; and §6.8.1, bfd.RemoteDiscr: what the peer has said counts no more. */
  #detectionTimeExpired(nowMs: number): void {
    const { variables } = this
    const { sessionState } = variables
    if (sessionState === SessionState.init || sessionState === SessionState.up) {
      this.#enter(SessionState.down, Diagnostic.controlDetectionTimeExpired, nowMs)
      // Said while the peer's discriminator is known: if only one direction is cut, the peer learns of it now.
      this.#transmit(nowMs, false)
    }
    variables.detectAtMs = Number.POSITIVE_INFINITY
    variables.remoteDiscriminator = 0
    variables.remoteSessionState = SessionState.down
    variables.remoteDemandMode = false
    variables.remoteMinRxIntervalUs = 1
    this.#reschedule(nowMs)
  }

  /** RFC 5880 §6.8.3 */
  #configure(config: SessionConfig, nowMs: number): void {
    this.#config = config
    this.#applyIntervals()
    if (this.variables.lastHeardMs !== undefined && this.variables.detectAtMs !== Number.POSITIVE_INFINITY) {
      this.variables.detectAtMs = this.variables.lastHeardMs + this.detectionTimeMs
    }
    this.#reschedule(nowMs)
  }

  #enter(state: SessionState, diagnostic: number, nowMs: number): void {
    const { variables } = this
    variables.sessionState = state
    variables.localDiagnostic = state === SessionState.up ? Diagnostic.none : diagnostic
    variables.stateSinceMs = nowMs
    this.#applyIntervals()
    this.#actions.push({ type: 'state', state, diagnostic: variables.localDiagnostic })
  }

  /**
   * Brings the intervals to what state and configuration say. RFC 5880 §6.8.3: while Up, the peer is told by a Poll Sequence, and what would
   * harm if the peer did not know yet (sending more seldom, waiting less long) has to wait for its end.
   */
  #applyIntervals(): void {
    const { variables } = this
    const { desiredMinTxIntervalMs, requiredMinRxIntervalMs, slowIntervalMs = defaultSlowIntervalMs } = this.#config
    const up = variables.sessionState === SessionState.up
    const desired = toUs(up ? desiredMinTxIntervalMs : Math.max(desiredMinTxIntervalMs, slowIntervalMs))
    const required = toUs(requiredMinRxIntervalMs)
    const changed = desired !== variables.desiredMinTxIntervalUs || required !== variables.requiredMinRxIntervalUs
    variables.desiredMinTxIntervalUs = desired
    variables.requiredMinRxIntervalUs = required
    if (!up || desired < variables.transmitIntervalInUseUs) variables.transmitIntervalInUseUs = desired
    if (!up || required > variables.receiveIntervalInUseUs) variables.receiveIntervalInUseUs = required
    if (!up) {
      // Every packet says the intervals, and nothing that is not Up relies on them.
      variables.polling = false
      variables.pollAgain = false
    } else if (changed) {
      if (variables.polling) variables.pollAgain = true
      else variables.polling = true
    }
  }

  #endPoll(): void {
    const { variables } = this
    if (variables.pollAgain) {
      variables.pollAgain = false
      return
    }
    variables.polling = false
    variables.transmitIntervalInUseUs = variables.desiredMinTxIntervalUs
    variables.receiveIntervalInUseUs = variables.requiredMinRxIntervalUs
  }

  /** RFC 5880 §6.8.7 */
  #transmit(nowMs: number, final: boolean): void {
    const { variables } = this
    const { authentication, detectMultiplier, role } = this.#config
    if (role === 'passive' && variables.remoteDiscriminator === 0) {
      variables.nextTransmitMs = Number.POSITIVE_INFINITY
      return
    }
    const packet: ControlPacket = {
      diagnostic: variables.localDiagnostic,
      state: variables.sessionState,
      // §6.5: never both.
      poll: variables.polling && !final,
      final,
      controlPlaneIndependent: false,
      authenticationPresent: authentication !== undefined,
      demand: false,
      detectMultiplier,
      myDiscriminator: variables.localDiscriminator,
      yourDiscriminator: variables.remoteDiscriminator,
      desiredMinTxIntervalUs: variables.desiredMinTxIntervalUs,
      requiredMinRxIntervalUs: variables.requiredMinRxIntervalUs,
      requiredMinEchoRxIntervalUs: 0,
    }
    const payload = encodeControlPacket(packet, authentication?.sectionLength)
    authentication?.sign(payload, variables.authenticationSequence)
    this.#actions.push({ type: 'send', payload })
    // A Final comes besides the periodic packets. It must not delay them: they may carry a Poll of our own, or the peer may poll without end.
    if (final && variables.nextTransmitMs !== Number.POSITIVE_INFINITY) return
    variables.lastTransmitMs = nowMs
    variables.nextTransmitMs = this.#sendsPeriodically() ? this.#oneIntervalAfter(nowMs) : Number.POSITIVE_INFINITY
  }

  /** Brings the next transmission forward when the interval has become shorter, and back when it may start again. */
  #reschedule(nowMs: number): void {
    const { variables } = this
    if (!this.#sendsPeriodically()) {
      variables.nextTransmitMs = Number.POSITIVE_INFINITY
      return
    }
    const latestMs = Math.max(nowMs, variables.lastTransmitMs + this.transmitIntervalMs)
    if (variables.nextTransmitMs > latestMs) {
      variables.nextTransmitMs = Math.max(nowMs, this.#oneIntervalAfter(variables.lastTransmitMs))
    }
  }

  /** RFC 5880 §6.8.7, the conditions of periodic transmission. */
  #sendsPeriodically(): boolean {
    const { variables } = this
    if (variables.remoteDiscriminator === 0 && this.#config.role === 'passive') return false
    if (variables.remoteMinRxIntervalUs === 0) return false
    const inDemandMode =
      variables.remoteDemandMode &&
      variables.sessionState === SessionState.up &&
      variables.remoteSessionState === SessionState.up
    return !inDemandMode || variables.polling
  }

  /** RFC 5880 §6.8.7: 75 to 100 % of the interval later, at most 90 % when one missing packet means down. */
  #oneIntervalAfter(sentMs: number): number {
    const { detectMultiplier, transmitGridMs = 0 } = this.#config
    const earliestMs = sentMs + this.transmitIntervalMs * 0.75
    const latestMs = earliestMs + this.transmitIntervalMs * (detectMultiplier === 1 ? 0.15 : 0.25)
    const dueMs = earliestMs + (latestMs - earliestMs) * this.#random()
    if (transmitGridMs === 0) return dueMs
    const afterMs = Math.ceil(dueMs / transmitGridMs) * transmitGridMs
    if (afterMs <= latestMs) return afterMs
    return afterMs - transmitGridMs >= earliestMs ? afterMs - transmitGridMs : dueMs
  }
}

function toUs(ms: number): number {
  return Math.min(largestUint32, Math.max(0, Math.round(ms * 1000)))
}
