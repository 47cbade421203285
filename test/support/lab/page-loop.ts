import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inNamespace } from '../../../lab/network.ts'

/** A request that failed or took long. */
export interface BadRequest {
  address: string
  /** when it began, milliseconds since 1970 */
  atMs: number
  tookMs: number
  /** the handshake was complete */
  connected: boolean
  /** `unanswered`, `slow`, `cut off` (the connection ended without a page) or the code of the system's error, e.g. ECONNRESET */
  outcome: string
}

/** Any request, in the order in which they end. */
export type Visit = Omit<BadRequest, 'outcome'> & { outcome?: string }

export interface PageLoopSummary {
  requests: number
  bad: number
  medianMs: number
  slowestMs: number
  /** how many pages came from a Pod on each node */
  byNode: { [node: string]: number }
}

/** A process in a client's namespace that fetches a page through each of several addresses all the time. */
export class PageLoop {
  /** as they come to be known; complete after stop(); empty where onVisit is told */
  readonly bad: readonly BadRequest[]
  readonly #stop: () => Promise<PageLoopSummary>

  /**
   * @param init.everyMs between two requests through the same address
   * @param init.slowMs a first packet that is lost is sent again by TCP after 1 s
   * @param init.onVisit is told of every request, the good ones too, as it ends
   */
  static async start(init: {
    namespace: string
    addresses: readonly string[]
    everyMs?: number
    timeoutMs?: number
    slowMs?: number
    onVisit?: (visit: Visit) => void
  }): Promise<PageLoop> {
    const { namespace, addresses, everyMs = 20, timeoutMs = 3000, slowMs = 1000, onVisit } = init
    const program = fileURLToPath(new URL('page-loop-program.ts', import.meta.url))
    const numbers = [everyMs, timeoutMs, slowMs, onVisit === undefined ? 0 : 1]
    const command = [process.execPath, program, ...numbers.map(String), ...addresses]
    const child = spawn('nsenter', [...inNamespace(namespace).slice(1), ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true, // Ctrl-C is its parent's, who ends it
    })
    const bad: BadRequest[] = []
    let summary: PageLoopSummary | undefined
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const said = JSON.parse(line) as Visit | PageLoopSummary
        if (!('address' in said)) summary = said
        else if (onVisit !== undefined) onVisit(said)
        else bad.push(said as BadRequest)
      }
    })
    const closed = once(child, 'close')
    await once(child, 'spawn')
    return new PageLoop(bad, async () => {
      child.stdin.end()
      await closed
      if (summary === undefined) throw new Error('the page loop died')
      return summary
    })
  }

  private constructor(bad: readonly BadRequest[], stop: () => Promise<PageLoopSummary>) {
    this.bad = bad
    this.#stop = stop
  }

  /** Lets the requests under way end. */
  async stop(): Promise<PageLoopSummary> {
    return await this.#stop()
  }
}
