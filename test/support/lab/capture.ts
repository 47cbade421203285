import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { inNamespace } from '../../../lab/network.ts'

export interface CapturedFrame {
  /** Milliseconds since 1970, with a fraction. */
  timeMs: number
  sourceMac: string
  destinationMac: string
  /** tcpdump's line for the packet itself, e.g. "Reply 192.0.2.100 is-at 02:00:00:00:0a:0b, length 28". */
  text: string
}

export interface ArpFrame extends CapturedFrame {
  operation: 'request' | 'reply'
  /** What is asked for, or what the answer is about. */
  address: string
  /** Of a reply: where the address is. */
  mac?: string
}

/** A running tcpdump. */
export interface Capture {
  readonly frames: readonly CapturedFrame[]
  /** The frames that are ARP for IPv4, decoded. */
  arp(): ArpFrame[]
  stop(): Promise<void>
}

/** Starts tcpdump and waits until it listens: nothing that is sent after this call is missed. */
export async function startCapture(namespace: string, card: string, filter: string): Promise<Capture> {
  const options = ['--immediate-mode', '-l', '-nn', '-e', '-tt', '-i', card, filter]
  const child = spawn('nsenter', [...inNamespace(namespace).slice(1), 'tcpdump', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const frames: CapturedFrame[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const frame = parseFrame(line)
      if (frame !== undefined) frames.push(frame)
    }
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  const listening = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: string) => {
      said += chunk
      if (said.includes('listening on')) resolve()
    })
    child.on('exit', () => reject(new Error(`tcpdump ended: ${said.trim()}`)))
    child.on('error', reject)
  })
  await listening
  return {
    frames,
    arp: () => frames.flatMap(frame => decodeArp(frame) ?? []),
    async stop() {
      child.kill('SIGINT') // tcpdump writes out what it still holds
      await exited
    },
  }
}

/** e.g. "1792000000.123456 02:00:00:00:0a:0b > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has …" */
export function parseFrame(line: string): CapturedFrame | undefined {
  const match = /^(\d+\.\d+) ([0-9a-f:]{17}) > ([0-9a-f:]{17}), .*?length \d+: (.*)$/.exec(line)
  if (match === null) return undefined
  return { timeMs: Number(match[1]) * 1000, sourceMac: match[2]!, destinationMac: match[3]!, text: match[4]! }
}

/** @returns undefined for what is no ARP for IPv4 */
export function decodeArp(frame: CapturedFrame): ArpFrame | undefined {
  const reply = /^Reply (\S+) is-at ([0-9a-f:]{17})/.exec(frame.text)
  if (reply !== null) return { ...frame, operation: 'reply', address: reply[1]!, mac: reply[2]! }
  const request = /^Request who-has (\S+)(?: \(\S+\))? tell/.exec(frame.text)
  if (request !== null) return { ...frame, operation: 'request', address: request[1]! }
  // tcpdump's words for a request whose sender and target addresses are the same
  const announcement = /^Announcement ([^\s,]+)/.exec(frame.text)
  return announcement === null ? undefined : { ...frame, operation: 'request', address: announcement[1]! }
}
