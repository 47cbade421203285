import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import { BgpPeers, type BgpPeersInit } from '../../../src/bin/speaker/bgp/bgp-peers.ts'
import type { BgpPeerCounters, BgpSessionReport } from '../../../src/bin/speaker/bgp/session-report.ts'
import { SystemClock } from '../../../src/io/clock.ts'
import { connectTcp, listenTcp } from '../../../src/io/tcp.ts'
import type { Logger } from '../../../src/kubernetes/logger.ts'
import type { NetworkNamespace } from '../netns.ts'
import { eventually } from '../processes.ts'

/** A peer of another AS, called by this end, with everything at its default. */
export function peerConfig(config: Pick<PeerConfig, 'name' | 'location'> & Partial<PeerConfig>): PeerConfig {
  const { location } = config
  return {
    port: 179,
    localAs: 64513,
    peerAs: 64512,
    mode: 'active',
    holdTimeSeconds: 90,
    connectRetrySeconds: 1,
    multihop: false,
    families: [location.type === 'address' ? location.address.family : 6],
    gracefulRestart: false,
    ...config,
  }
}

/** The speaker's part of BGP, as it runs in the speaker, but with its sockets in a namespace of the test's. */
export class SpeakerUnderTest {
  readonly peers: BgpPeers
  readonly log: { level: string; message: string; fields: Record<string, unknown> }[] = []
  bfdWanted: readonly RouterSessionConfig[] = []

  /** @param namespace where its sockets are; undefined: where the test runs */
  constructor(namespace: NetworkNamespace | undefined, init: Partial<BgpPeersInit> = {}) {
    const inside = <T>(open: () => T): T => (namespace ? namespace.enter(open) : open())
    const write = (level: string) => (fields: object, message: string) => {
      this.log.push({ level, message, fields: { ...fields } })
    }
    const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
    this.peers = new BgpPeers(
      {
        clock: new SystemClock(),
        random: Math.random,
        connectTcp: options => inside(() => connectTcp(options)),
        listenTcp: options => inside(() => listenTcp(options)),
        logger,
      },
      {
        nodeName: 'node-a',
        drainMs: 100,
        onSessions: () => {},
        onBfdWanted: sessions => {
          this.bfdWanted = sessions
        },
        ...init,
      },
    )
  }

  session(name: string): BgpSessionReport | undefined {
    return this.peers.sessions().find(({ peer }) => peer === name)
  }

  counters(name: string): BgpPeerCounters {
    const counters = this.peers.counters().find(({ peer }) => peer === name)
    if (!counters) throw new Error(`no peer ${name}`)
    return counters
  }

  async untilState(name: string, state: BgpSessionReport['state'], timeoutMs = 20_000): Promise<BgpSessionReport> {
    try {
      return await eventually(
        `${name} ${state}`,
        () => {
          const session = this.session(name)
          return session?.state === state && session
        },
        { timeoutMs },
      )
    } catch (error) {
      const own = this.log.filter(({ fields: { peer = name } }) => peer === name)
      const log = own.map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`)
      throw new Error(
        `${(error as Error).message}; ${JSON.stringify(this.session(name))}\n${log.slice(-20).join('\n')}`,
      )
    }
  }
}
