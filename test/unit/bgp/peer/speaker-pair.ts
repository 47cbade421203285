import assert from 'node:assert/strict'
import { BASIC_OPTIONS } from '../../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../../src/bgp/codec/decode-message.ts'
import { encodeMessage } from '../../../../src/bgp/codec/encode-message.ts'
import { Framer } from '../../../../src/bgp/codec/framer.ts'
import type { Message } from '../../../../src/bgp/message.ts'
import type { PeerSettings } from '../../../../src/bgp/negotiation.ts'
import type { ConnectionId, PeerAction, TimerName } from '../../../../src/bgp/peer/actions.ts'
import type { PeerEvent } from '../../../../src/bgp/peer/events.ts'
import { PeerScene } from './peer-scene.ts'

type Side = 0 | 1

interface Due {
  readonly atMs: number
  readonly run: () => void
}

/** One end of a connection: the other end's name for it, and when the last of what was sent arrives there. */
interface Link {
  readonly far: ConnectionId
  arrivalMs: number
}

/**
 * Two speakers that are each other's peer, with virtual time and connections that take 1 to `latencyMs` for everything, in order. Messages
 * travel as bytes.
 */
export class SpeakerPair {
  nowMs = 0
  readonly speakers: readonly [PeerScene, PeerScene]
  readonly #random: () => number
  readonly #latencyMs: number
  readonly #due: Due[] = []
  readonly #timers = [new Map<TimerName, Due>(), new Map<TimerName, Due>()] as const
  readonly #links = [new Map<ConnectionId, Link>(), new Map<ConnectionId, Link>()] as const
  #accepted = 0

  constructor(settings: readonly [PeerSettings, PeerSettings], random: () => number, latencyMs: number) {
    this.#random = random
    this.#latencyMs = latencyMs
    const speaker = (side: Side) =>
      new PeerScene(settings[side], { random, listener: action => this.#carryOut(side, action) })
    this.speakers = [speaker(0), speaker(1)]
  }

  /** The connection on which both are Established. */
  get session(): ConnectionId | undefined {
    const [near, far] = this.speakers
    if (!near.established || !far.established) return undefined
    assert.equal(this.#links[0].get(near.established)?.far, far.established)
    return near.established
  }

  /** Lets an event happen after a time. */
  after(delayMs: number, side: Side, event: PeerEvent): void {
    this.#at(this.nowMs + delayMs, () => this.speakers[side].step(event))
  }

  /** Goes on for a time, or until something holds. */
  run(durationMs: number, until = () => false): void {
    const endMs = this.nowMs + durationMs
    while (!until()) {
      const next = this.#due[0]
      if (!next || next.atMs > endMs) break
      this.#due.shift()
      this.nowMs = next.atMs
      next.run()
    }
    if (!until()) this.nowMs = endMs
  }

  #at(atMs: number, run: () => void): Due {
    const due = { atMs, run }
    const index = this.#due.findIndex(each => each.atMs > atMs)
    this.#due.splice(index < 0 ? this.#due.length : index, 0, due)
    return due
  }

  #carryOut(side: Side, action: PeerAction): void {
    switch (action.type) {
      case 'connect':
        this.#connect(side, action.connection)
        break
      case 'send': {
        const { message } = action
        this.#deliver(side, action.connection, far => ({ type: 'message', connection: far, message: asBytes(message) }))
        break
      }
      case 'close':
        this.#deliver(side, action.connection, far => ({ type: 'tcpClosed', connection: far, cause: 'closed by peer' }))
        this.#links[side].delete(action.connection)
        break
      case 'setTimer':
        this.#cancel(side, action.timer)
        this.#timers[side].set(
          action.timer,
          this.#at(this.nowMs + action.delayMs, () => this.speakers[side].expire(action.timer)),
        )
        break
      case 'clearTimer':
        this.#cancel(side, action.timer)
        break
    }
  }

  #cancel(side: Side, timer: TimerName): void {
    const due = this.#timers[side].get(timer)
    if (due && this.#due.includes(due)) this.#due.splice(this.#due.indexOf(due), 1)
    this.#timers[side].delete(timer)
  }

  #connect(side: Side, near: ConnectionId): void {
    const other: Side = side === 0 ? 1 : 0
    const far: ConnectionId = `accepted-${++this.#accepted}`
    const link: Link = { far, arrivalMs: this.nowMs + this.#latency() }
    this.#links[side].set(near, link)
    this.#at(link.arrivalMs, () => {
      const back = { far: near, arrivalMs: this.nowMs + this.#latency() }
      this.#links[other].set(far, back)
      this.#at(back.arrivalMs, () => this.speakers[side].connect(near))
      this.speakers[other].accept(far)
    })
  }

  #deliver(side: Side, near: ConnectionId, event: (far: ConnectionId) => PeerEvent): void {
    const link = this.#links[side].get(near)
    if (!link) return
    const other = this.speakers[side === 0 ? 1 : 0]
    link.arrivalMs = Math.max(link.arrivalMs, this.nowMs + this.#latency())
    this.#at(link.arrivalMs, () => other.step(event(link.far)))
  }

  #latency(): number {
    return 1 + Math.floor(this.#random() * this.#latencyMs)
  }
}

function asBytes(message: Message): Message {
  const framer = new Framer()
  framer.push(encodeMessage(message, BASIC_OPTIONS))
  const framed = framer.next()
  assert.ok(framed && 'frame' in framed)
  const decoded = decodeMessage(framed.frame, BASIC_OPTIONS)
  assert.ok('message' in decoded)
  return decoded.message
}
