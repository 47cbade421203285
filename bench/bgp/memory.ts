import { eventually } from '../../test/support/processes.ts'
import { mb, table } from '../figures.ts'
import { type AnnouncerKind, bird, gobgp, Herald } from './announcers.ts'
import { CountingRouter } from './counting-router.ts'
import { ROUTER_PORT, RouterScene } from './scene.ts'

const ROUTERS = 10
/** for garbage to be collected, by whoever does so when idle */
const REST_MS = 10_000

/** What each contender needs for ten sessions, without routes and with so many. Prints a table. */
export async function memory({ prefixes }: { prefixes: number }): Promise<void> {
  const kinds: readonly AnnouncerKind[] = [new Herald(), bird, gobgp]
  const rows: string[][] = []
  for (const kind of kinds) {
    const [idle, full] = [await measure(kind, 0), await measure(kind, prefixes)]
    rows.push([kind.name, mb(idle), mb(full), mb(full - idle)])
  }
  const head = [`memory (RSS), ${ROUTERS} sessions`, 'no prefix', `${prefixes} prefixes`, 'more']
  console.log(`${table(head, rows)}\n`)
}

async function measure(kind: AnnouncerKind, prefixes: number): Promise<number> {
  console.error(`bench: memory of ${kind.name} with ${prefixes} prefixes`)
  const scene = new RouterScene()
  const router = new CountingRouter(scene.router, ROUTER_PORT)
  const routers = scene.addRouterAddresses(ROUTERS)
  const announcer = await kind.start(scene.node, { routers, port: ROUTER_PORT, prefixes })
  const known = () => router.knows(prefixes, { sessions: ROUTERS })
  await eventually('all sessions to know everything', known, { timeoutMs: 120_000 })
  await new Promise(resolve => setTimeout(resolve, REST_MS))
  const memoryMb = announcer.memoryMb()
  await announcer.stop()
  router.close()
  scene.remove()
  return memoryMb
}
