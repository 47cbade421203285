import type { AnnouncerEvent, Standing } from '../../src/layer2/announcer-events.ts'
import type { ApiServer } from './api-server.ts'
import type { Context } from './context.ts'
import type { Network } from './network.ts'
import type { Orders } from './orders.ts'
import type { Referee } from './referee.ts'

export interface SpeakerNodeComponents {
  readonly context: Context
  readonly network: Network
  readonly api: ApiServer
  readonly orders: Orders
  readonly referee: Referee
}

/** The process of a speaker, as its parts see it: what it is, how it goes, and what they want of each other. */
export interface SpeakerProcess {
  readonly index: number
  readonly name: string
  /** by segment */
  readonly macs: readonly number[]
  readonly running: boolean
  readonly paused: boolean
  /** was told to stop */
  readonly leaving: boolean
  /** stores have synced: only then the announcer is told anything */
  readonly synced: boolean
  /** A timer: runs late where the process is stopped meanwhile, and never once it has ended. */
  after(delayMs: number, run: () => void): void
  /** Tells the announcer; true when it announced something. */
  step(event: AnnouncerEvent): boolean
  setStanding(change: Partial<Standing>): void
}
