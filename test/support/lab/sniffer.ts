import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { inNamespace } from '../../../lab/network.ts'
import {
  type Claim,
  type DualOwnership,
  dualOwnerships,
  firstClaimAfter,
  type Heard,
  type Ownership,
  ownerships,
} from './claims.ts'
import { readAddressFrames } from './frames.ts'
import { PcapReader } from './pcap.ts'

const filter = 'arp or (icmp6 and (ip6[40] == 135 or ip6[40] == 136))'

/** Somebody asked for an address: all, or only the one that is said to have it (RFC 1122 §2.3.2.1; RFC 4861 §7.2.2). */
export interface Ask {
  readonly timeMs: number
  readonly mac: string
  readonly toAll: boolean
}

/** What was heard about one address. */
interface Notes {
  claims: Claim[]
  asks: Ask[]
  probes: { timeMs: number; mac: string }[]
}

const nothing: Notes = { claims: [], asks: [], probes: [] }

/**
 * Hears every ARP and neighbour discovery frame of a segment, those from one host to another too, with the kernel's time of each.
 * It asks nobody by itself: see Asker.
 */
export class Sniffer {
  readonly #notes = new Map<string, Notes>()
  readonly #stop: () => Promise<string>
  #heardUntilMs = 0

  /** @param card of a bridge: the bridge itself, which gives a sniffer each frame that it forwards once */
  static async start(namespace: string, card: string): Promise<Sniffer> {
    const options = ['-i', card, '-w', '-', '-U', '--immediate-mode', '-B', '8192', '-s', '256', filter]
    const child = spawn('nsenter', [...inNamespace(namespace).slice(1), 'tcpdump', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // Ctrl-C is its parent's, who ends it
    })
    const closed = once(child, 'close')
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('listening on')) resolve()
      })
      child.on('error', reject)
      child.on('close', () => reject(new Error(`tcpdump ended: ${said.trim()}`)))
    })
    const stop = async () => {
      child.kill('SIGINT') // tcpdump writes out what it still holds
      await closed
      return said
    }
    return new Sniffer(child.stdout, stop)
  }

  private constructor(stream: NodeJS.ReadableStream, stop: () => Promise<string>) {
    this.#stop = stop
    const reader = new PcapReader()
    stream.on('data', (chunk: Buffer) => {
      for (const { timeMs, bytes } of reader.read(chunk)) this.#note(timeMs, bytes)
    })
  }

  /** The time of the last frame that was looked at: under many frames this process lags behind the segment. */
  get heardUntilMs(): number {
    return this.#heardUntilMs
  }

  /** All addresses that anyone claimed. */
  get claimed(): string[] {
    return [...this.#notes].flatMap(([address, { claims }]) => (claims.length > 0 ? [address] : []))
  }

  /** Throws away what was heard before a moment, so that hours of listening fit into memory. */
  forget(beforeMs: number): void {
    for (const notes of this.#notes.values()) {
      const recent = <T extends { timeMs: number }>(all: T[]) => all.filter(({ timeMs }) => timeMs >= beforeMs)
      notes.claims = recent(notes.claims)
      notes.asks = recent(notes.asks)
      notes.probes = recent(notes.probes)
    }
  }

  /** All that was heard of an address since a moment. */
  heard(address: string, sinceMs = 0): Heard {
    return this.#since(address, sinceMs)
  }

  claims(address: string): readonly Claim[] {
    return this.#of(address).claims
  }

  probes(address: string): readonly { timeMs: number; mac: string }[] {
    return this.#of(address).probes
  }

  asks(address: string): readonly Ask[] {
    return this.#of(address).asks
  }

  /** Who owned the address, one after the other; `sinceMs` leaves out what was heard before. */
  ownerships(address: string, sinceMs = 0): Ownership[] {
    return ownerships(this.#since(address, sinceMs))
  }

  /** Who was the last to claim it. */
  lastOwner(address: string): string | undefined {
    return this.#of(address).claims.at(-1)?.mac
  }

  dualOwners(address: string, sinceMs = 0): DualOwnership[] {
    return dualOwnerships(this.#since(address, sinceMs))
  }

  /** The first time after a moment that any other MAC announces the address. */
  firstAnnouncementAfter(address: string, afterMs: number, notMac?: string): Claim | undefined {
    return firstClaimAfter(this.#of(address).claims, afterMs, { notMac, kind: 'announce' })
  }

  /** What was heard of an address, a line each, for a message of a failed test. */
  story(address: string, fromMs: number, toMs: number): string {
    const { claims, probes } = this.#of(address)
    const lines = [
      ...claims.map(({ timeMs, mac, kind }) => ({ timeMs, text: `${mac} ${kind}` })),
      ...probes.map(({ timeMs, mac }) => ({ timeMs, text: `${mac} probe` })),
    ]
      .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs)
      .sort((one, other) => one.timeMs - other.timeMs)
    const folded: string[] = []
    let repeated = 0
    for (const [i, { timeMs, text }] of lines.entries()) {
      if (lines[i - 1]?.text === text && lines[i + 1]?.text === text) {
        repeated++
        continue
      }
      if (repeated > 0) folded.push(`  … ${repeated} more`)
      repeated = 0
      folded.push(`  ${(timeMs - fromMs).toFixed(1).padStart(9)} ms  ${text}`)
    }
    return [address, ...folded].join('\n')
  }

  /** @throws Error when the kernel dropped frames: then nothing that was heard proves anything */
  async stop(): Promise<void> {
    const said = await this.#stop()
    const [, dropped] = /(\d+) packets? dropped by kernel/.exec(said) ?? []
    if (dropped !== '0') throw new Error(`the sniffer missed ${dropped ?? 'some'} frames`)
  }

  #note(timeMs: number, bytes: Buffer): void {
    this.#heardUntilMs = timeMs
    for (const { kind, address, mac } of readAddressFrames(bytes)) {
      let notes = this.#notes.get(address)
      if (notes === undefined) {
        notes = { claims: [], asks: [], probes: [] }
        this.#notes.set(address, notes)
      }
      if (kind === 'ask') {
        // The lowest bit of the first byte marks groups.
        notes.asks.push({ timeMs, mac, toAll: (bytes[0]! & 1) === 1 })
      } else if (kind === 'probe') notes.probes.push({ timeMs, mac })
      else notes.claims.push({ timeMs, mac, kind })
    }
  }

  #of(address: string): Notes {
    return this.#notes.get(address) ?? nothing
  }

  #since(address: string, sinceMs: number): Heard {
    const { claims, asks } = this.#of(address)
    const recent = <T extends { timeMs: number }>(all: readonly T[]) => all.filter(({ timeMs }) => timeMs >= sinceMs)
    // A question to one host says nothing of the silence of others.
    return { claims: recent(claims), asksMs: recent(asks.filter(({ toAll }) => toAll)).map(({ timeMs }) => timeMs) }
  }
}
