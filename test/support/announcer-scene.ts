import { formatAddress } from '../../src/ip/address.ts'
import { Announcer } from '../../src/layer2/announcer.ts'
import type { AnnouncerAction, AnnouncerEvent, Standing } from '../../src/layer2/announcer-events.ts'
import type { ClaimTimings } from '../../src/layer2/claim-timings.ts'
import type { DesiredAddress } from '../../src/layer2/desired.ts'
import type { Link } from '../../src/layer2/link.ts'
import { type KnownSpeaker, Neighbourhood, type NodeLiveness } from '../../src/layer2/neighbourhood.ts'
import { nodeHash } from '../../src/layer2/node-hash.ts'
import { formatMac } from '../../src/wire/mac-address.ts'
import { address } from './addresses.ts'

export const SELF = 'node-a'
export const eth0: Link = { index: 2, name: 'eth0', mac: 0x0200_5e00_0a00, families: [4, 6] }
export const eth1: Link = { index: 3, name: 'eth1', mac: 0x0200_5e00_0a01, families: [4] }
/** The MACs of other nodes' speakers, by the letter of the node, and of hosts that have none. */
export const MACS = { b: 0x0200_5e00_0b00, c: 0x0200_5e00_0c00, d: 0x0200_5e00_0d00 }
export const STRANGER_MAC = 0x0200_5e00_00aa

export function speaker(node: string, mac: number, expired = false): KnownSpeaker {
  return { node, macs: [mac], addresses: [], expired }
}

export const SPEAKERS: readonly KnownSpeaker[] = [
  speaker(SELF, eth0.mac),
  ...Object.entries(MACS).map(([letter, mac]) => speaker(`node-${letter}`, mac)),
]

/** What is wanted of one address, in short: the letters of the nodes in their order, then the interfaces. */
export interface Wish {
  readonly order: string
  readonly on?: readonly string[]
  readonly patient?: true
}

/** An announcer of node-a, with the speakers of nodes a to d, on a clock that the test sets. Actions come as words. */
export class Scene {
  readonly neighbourhood = new Neighbourhood({ self: SELF })
  readonly announcer: Announcer
  nowMs = 0
  #standing: Standing = { viewIsOld: false, apiReachable: true, leaving: false }

  constructor(init: { links?: readonly Link[]; timings?: Partial<ClaimTimings> } = {}) {
    this.announcer = new Announcer(this, { self: SELF, ...(init.timings && { timings: init.timings }) })
    this.step({ type: 'links', links: init.links ?? [eth0] })
    this.step({ type: 'speakers', speakers: SPEAKERS })
  }

  step(event: AnnouncerEvent): string[] {
    return this.announcer.step(event, this.nowMs).map(word)
  }

  links(...links: Link[]): string[] {
    return this.step({ type: 'links', links })
  }

  desire(wishes: Record<string, Wish | string>, ...removed: string[]): string[] {
    const entries = Object.entries(wishes).map(([key, wish]) => [key, desiredOf(key, wish)] as const)
    return this.step({ type: 'desired', changed: new Map(entries), removed })
  }

  liveness(node: string, state: NodeLiveness, lastHeardMs?: number, saidGoodbye = false): string[] {
    return this.step({ type: 'liveness', node, state, lastHeardMs, saidGoodbye })
  }

  standing(change: Partial<Standing>): string[] {
    this.#standing = { ...this.#standing, ...change }
    return this.step({ type: 'standing', standing: this.#standing })
  }

  heard(kind: 'probe' | 'claim' | 'answer', of: string, mac: number, link = 'eth0'): string[] {
    return this.step({ type: 'heard', kind, link, mac, address: address(of) })
  }

  /** Serves timers until then; each action after the time at which it came. */
  until(endMs: number): string[] {
    const words: string[] = []
    for (let { dueMs } = this.announcer; dueMs !== undefined && dueMs <= endMs; dueMs = this.announcer.dueMs) {
      this.nowMs = Math.max(this.nowMs, dueMs)
      for (const text of this.step({ type: 'timer' })) words.push(`${tenths(dueMs)} ${text}`)
    }
    this.nowMs = endMs
    return words
  }

  /** What is announced, as `eth0 192.0.2.1`. */
  get owned(): string[] {
    return [...this.announcer.announcements()].map(({ link, address }) => `${link.name} ${formatAddress(address)}`)
  }

  get conflicts(): string[] {
    return [...this.announcer.conflicts()].map(
      ({ link, address, mac, sinceMs }) => `${link.name} ${formatAddress(address)} ${formatMac(mac)} since ${sinceMs}`,
    )
  }
}

/** A scene in which node-a has owned the addresses since 0; each is asked for and claimed first. */
export function owning(wishes: Record<string, Wish | string>, init: { links?: readonly Link[] } = {}): Scene {
  const scene = new Scene(init)
  scene.nowMs = -100 - Object.keys(wishes).length
  scene.desire(wishes)
  scene.until(0)
  return scene
}

export function desiredOf(key: string, wish: Wish | string): DesiredAddress {
  const { order, on, patient }: Wish = typeof wish === 'string' ? { order: wish } : wish
  const nodes = [...order].map(letter => `node-${letter}`)
  return { address: address(key), interfaces: on ?? 'all', order: nodes, ...(patient && { patient }) }
}

/** An address for which the hash of node-b is lower, or is not, than that of node-a. */
export function addressWhere(lower: 'a' | 'b'): string {
  for (let last = 1; last < 255; last++) {
    const key = `192.0.2.${last}`
    if (nodeHash('node-a', key) < nodeHash('node-b', key) === (lower === 'a')) return key
  }
  throw new Error('no such address')
}

export function word(action: AnnouncerAction): string {
  const key = formatAddress(action.address)
  switch (action.type) {
    case 'tookOver':
      return `tookOver ${key} ${action.cause}${action.afterMs === undefined ? '' : ` after ${tenths(action.afterMs)}`}`
    case 'conflict':
      return `conflict ${action.link.name} ${key} ${formatMac(action.mac)}`
    default:
      return `${action.type} ${action.link.name} ${key}`
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
