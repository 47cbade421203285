import { MessageType } from '../../../bgp/codec/layout.ts'
import { AdjRibOut } from '../../../bgp/rib/adj-rib-out.ts'
import type { ExportSession, NextHops } from '../../../bgp/rib/export-session.ts'
import type { Routes } from '../../../bgp/routes.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { Family } from '../../../ip/address.ts'
import type { BgpConnection } from './bgp-connection.ts'

/** What a RouteSender needs of a connection. */
export type Outlet = Pick<BgpConnection, 'batch' | 'blocked' | 'sentBytes' | 'unsentBytes' | 'write'>

export interface RouteSenderInit {
  session: ExportSession
  /** a message has left: what it was */
  onSent(type: 'update' | 'routeRefresh'): void
  /** what has been told the peer may have changed */
  onProgress(): void
  /** RFC 9687: the peer has taken nothing for the time of the SendHoldTimer */
  onStuck(): void
}

/** Messages written before other peers have their turn. */
const MESSAGES_PER_TURN = 64
/** Messages leave together up to so many octets, so that the peer is at work on the first while the next are made. */
const OCTETS_AT_ONCE = 4096
/** RFC 9687 §5: eight minutes, or twice the hold time if that is longer */
const LEAST_SEND_HOLD_MS = 480_000

/** Tells one peer its routes, no faster than it takes them: messages are made when there is room for them, so that a slow peer costs no memory. */
export class RouteSender {
  readonly #clock: Clock
  readonly #connection: Outlet
  readonly #init: RouteSenderInit
  readonly #adjRibOut: AdjRibOut
  #cancelTurn: CancelTimer | undefined
  #cancelWatch: CancelTimer | undefined
  readonly #end = Promise.withResolvers<void>()
  #stopped = false
  #onIdle: (() => void) | undefined

  constructor({ clock, connection }: { clock: Clock; connection: Outlet }, init: RouteSenderInit) {
    this.#clock = clock
    this.#connection = connection
    this.#init = init
    this.#adjRibOut = new AdjRibOut(init.session)
  }

  /** prefixes that the peer has been told */
  get prefixesSent(): number {
    return this.#adjRibOut.sent
  }

  setRoutes(routes: Routes): void {
    this.#adjRibOut.setRoutes(routes)
    this.pump()
  }

  refresh(family: Family): void {
    this.#adjRibOut.refresh(family)
    this.pump()
  }

  /** Tells again what another next hop changes. */
  setNextHops(nextHops: NextHops): void {
    this.#adjRibOut.setNextHops(nextHops)
    this.pump()
  }

  /** Marks all routes as about to go (RFC 8326). */
  setGracefulShutdown(): void {
    this.#adjRibOut.setGracefulShutdown(true)
    this.pump()
  }

  /** There may be room for more. */
  pump(): void {
    if (this.#stopped || this.#cancelTurn) return
    let messages = 0
    for (let written = 1; written > 0 && messages < MESSAGES_PER_TURN; messages += written) {
      this.#connection.batch(() => {
        written = this.#writeSome(MESSAGES_PER_TURN - messages)
      })
    }
    if (messages > 0) this.#init.onProgress()
    this.watch()
    if (this.#adjRibOut.pending && !this.#connection.blocked) {
      this.#cancelTurn = this.#clock.setTimer(() => {
        this.#cancelTurn = undefined
        this.pump()
      }, 0)
    } else this.#tellIdle()
  }

  /** Something was written: sees to it that the peer takes it. */
  watch(): void {
    const { holdTimeSeconds } = this.#init.session.negotiated
    if (this.#stopped || this.#cancelWatch || holdTimeSeconds === 0 || this.#connection.unsentBytes === 0) return
    const { sentBytes } = this.#connection
    const onTimer = (): void => {
      this.#cancelWatch = undefined
      if (this.#connection.unsentBytes > 0 && this.#connection.sentBytes === sentBytes) this.#init.onStuck()
      else this.watch()
    }
    this.#cancelWatch = this.#clock.setTimer(onTimer, Math.max(LEAST_SEND_HOLD_MS, 2_000 * holdTimeSeconds))
  }

  /** Resolves when stop() is called. */
  get whenStopped(): Promise<void> {
    return this.#end.promise
  }

  /** Resolves when everything has been written and has left, or when stop() is called. */
  async whenIdle(): Promise<void> {
    if (this.#stopped || this.#isIdle) return
    await new Promise<void>(resolve => {
      this.#onIdle = resolve
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTurn?.()
    this.#cancelWatch?.()
    this.#onIdle?.()
    this.#end.resolve()
  }

  get #isIdle(): boolean {
    return !this.#adjRibOut.pending && this.#connection.unsentBytes === 0
  }

  /** Writes what is to leave together; how many messages, 0 when there is nothing more, or no room. */
  #writeSome(most: number): number {
    let messages = 0
    for (let octets = 0; octets < OCTETS_AT_ONCE && messages < most && !this.#connection.blocked; messages++) {
      const bytes = this.#adjRibOut.next()
      if (!bytes) break
      octets += bytes.length
      this.#connection.write(bytes)
      this.#init.onSent(bytes[18] === MessageType.routeRefresh ? 'routeRefresh' : 'update')
    }
    return messages
  }

  #tellIdle(): void {
    if (this.#isIdle) this.#onIdle?.()
  }
}
