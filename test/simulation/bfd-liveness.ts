import { Liveness, type LivenessAction } from '../../src/bfd/liveness.ts'
import type { Address } from '../../src/ip/address.ts'
import type { Context } from './context.ts'
import type { LivenessListener, LivenessNetwork } from './liveness.ts'
import type { Network } from './network.ts'

interface Packet {
  readonly payload: Uint8Array
  readonly source: Address
}

interface End {
  liveness: Liveness | undefined
  usable: boolean
  wanted: readonly number[]
  watched: ReadonlySet<string>
  paused: boolean
  /** what waits in the socket of a stopped process */
  waiting: Packet[]
  timerDueMs: number
}

const SECRET = new TextEncoder().encode('a secret that all speakers share')

/** Liveness by Herald's own BFD sessions, packet by packet: the truth of which AbstractLiveness is a sketch, and twenty times slower. */
export class BfdLiveness implements LivenessNetwork {
  readonly #context: Context
  readonly #network: Network
  readonly #listeners: readonly LivenessListener[]
  readonly #ends: readonly End[]
  readonly #segment: number
  readonly #speakers: ReadonlyMap<string, readonly Address[]>

  constructor(context: Context, network: Network, listeners: readonly LivenessListener[], segment: number) {
    this.#context = context
    this.#segment = segment
    this.#network = network
    this.#listeners = listeners
    this.#speakers = new Map(context.names.map((name, node) => [name, [addressOf(node)]]))
    this.#ends = listeners.map(() => ({
      liveness: undefined,
      usable: true,
      wanted: [],
      watched: new Set<string>(),
      paused: false,
      waiting: [],
      timerDueMs: Number.POSITIVE_INFINITY,
    }))
  }

  start(node: number): void {
    const end = this.#ends[node]!
    const liveness = new Liveness({ random: this.#context.random.next }, { node: this.#context.names[node]! })
    end.liveness = liveness
    end.timerDueMs = Number.POSITIVE_INFINITY
    this.#run(node, nowMs => [
      ...liveness.setSpeakers(this.#speakers, nowMs),
      ...liveness.setWatched(end.watched, nowMs),
      ...liveness.setSecret(SECRET, nowMs),
    ])
  }

  stop(node: number): void {
    const end = this.#ends[node]!
    end.liveness = undefined
    end.wanted = []
    end.watched = new Set()
    end.paused = false
    end.waiting = []
  }

  pause(node: number): void {
    this.#ends[node]!.paused = true
  }

  resume(node: number, forgets: boolean): void {
    const end = this.#ends[node]!
    const { waiting } = end
    end.paused = false
    end.waiting = []
    if (!end.liveness) return
    if (forgets) {
      this.start(node)
      return
    }
    for (const packet of waiting) this.#take(node, packet)
    end.timerDueMs = Number.POSITIVE_INFINITY
    this.#planTimer(node)
  }

  leave(node: number): void {
    this.#run(node, nowMs => this.#ends[node]!.liveness?.stop(nowMs) ?? [])
  }

  watch(node: number, targets: readonly number[]): void {
    this.#ends[node]!.wanted = targets
    this.#watch(node)
  }

  use(node: number, usable: boolean): void {
    this.#ends[node]!.usable = usable
    this.#watch(node)
  }

  #watch(node: number): void {
    const end = this.#ends[node]!
    const { names, queue } = this.#context
    const watched = new Set((end.usable ? end.wanted : []).map(target => names[target]!))
    for (const name of new Set([...end.watched, ...watched])) {
      if (end.watched.has(name) && watched.has(name)) continue
      this.#listeners[node]!.livenessChanged(names.indexOf(name), { state: 'unknown' }, this.#segment)
    }
    end.watched = watched
    this.#run(node, () => end.liveness?.setWatched(watched, queue.nowMs) ?? [])
  }

  networkChanged(): void {}

  #run(node: number, step: (nowMs: number) => readonly LivenessAction[]): void {
    const { queue, names, trace } = this.#context
    for (const action of step(queue.nowMs)) {
      if (action.type === 'send') this.#send(node, action)
      else {
        const { node: name, status, lastHeardMs, saidGoodbye } = action.liveness
        if (saidGoodbye) trace?.(`${names[node]} was told by ${name} that it leaves`)
        const life = { state: status, lastHeardMs, saidGoodbye }
        this.#listeners[node]!.livenessChanged(names.indexOf(name), life, this.#segment)
      }
    }
    this.#planTimer(node)
  }

  #send(from: number, { address, payload }: Extract<LivenessAction, { type: 'send' }>): void {
    const { queue, random } = this.#context
    const to = Number(address.value) - FIRST_ADDRESS
    if (!this.#network.carriesLiveness(this.#segment, from, to)) return
    const { loss } = this.#network.weather
    if (loss > 0 && random.chance(loss)) return
    queue.in(random.between(0.1, 2), () => {
      const end = this.#ends[to]!
      const packet = { payload, source: addressOf(from) }
      if (end.paused) end.waiting.push(packet)
      else this.#take(to, packet)
    })
  }

  #take(node: number, { payload, source }: Packet): void {
    this.#run(node, nowMs => this.#ends[node]!.liveness?.receive(payload, { source, ttl: 255 }, nowMs) ?? [])
  }

  #planTimer(node: number): void {
    const { queue } = this.#context
    const end = this.#ends[node]!
    const { liveness } = end
    const dueMs = liveness?.dueMs
    if (dueMs === undefined || dueMs >= end.timerDueMs) return
    end.timerDueMs = dueMs
    queue.at(Math.max(dueMs, queue.nowMs), () => {
      if (end.liveness !== liveness || end.timerDueMs !== dueMs || end.paused) return
      end.timerDueMs = Number.POSITIVE_INFINITY
      this.#run(node, nowMs => liveness!.timer(nowMs))
    })
  }
}

/** 10.0.0.1 and on */
const FIRST_ADDRESS = 0x0a000001

function addressOf(node: number): Address {
  return { family: 4, value: FIRST_ADDRESS + node }
}
