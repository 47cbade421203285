import { eventually } from '../../test/support/processes.ts'
import { ms, percentile, table } from '../figures.ts'
import { Herald } from './announcers.ts'
import { CountingRouter } from './counting-router.ts'
import { ROUTER_PORT, RouterScene } from './scene.ts'

const CHANGES = 1_000
const PAUSE_MS = 5

/** Changes one Service after the other among so many: how long until the router has read the UPDATE. Prints a table. */
export async function changes({ prefixes }: { prefixes: number }): Promise<void> {
  const rows: string[][] = []
  for (const routers of [1, 10]) {
    const latenciesMs = await measure(prefixes, routers)
    rows.push([
      `${routers}`,
      ...[0.5, 0.99, 1].map(share => ms(percentile(latenciesMs, share))),
      `${latenciesMs.length}`,
    ])
  }
  console.log(`${table([`routers that know ${prefixes} prefixes`, 'p50', 'p99', 'longest', 'changes'], rows)}\n`)
}

async function measure(prefixes: number, routers: number): Promise<number[]> {
  const scene = new RouterScene()
  const router = new CountingRouter(scene.router, ROUTER_PORT)
  const herald = await new Herald({ services: true }).start(scene.node, {
    routers: scene.addRouterAddresses(routers),
    port: ROUTER_PORT,
    prefixes,
  })
  await eventually('all sessions to know everything', () => router.knows(prefixes, { sessions: routers }))
  const latenciesMs: number[] = []
  for (let index = 0; index < CHANGES; index++) {
    const told = router.untilAllTold()
    // A Service is withdrawn, and the next time announced again.
    const { startedMs } = await herald.change(index >> 1)
    latenciesMs.push((await told) - startedMs)
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
  await herald.stop()
  router.close()
  scene.remove()
  return latenciesMs
}
