import type { TestLab } from '../../support/lab/lab.ts'

interface Route {
  dst: string
  protocol?: string
  nexthops?: unknown[]
}

/** What the router would forward by, as its kernel has it. */
export class RoutesWatch {
  readonly #lab: TestLab

  constructor(lab: TestLab) {
    this.#lab = lab
  }

  /** Addresses that BGP has brought a route for, with the number of ways to each. */
  async routes(): Promise<ReadonlyMap<string, number>> {
    const read = async (family: '-4' | '-6') => {
      const { stdout } = await this.#lab.runOn('router', ['ip', family, '-json', 'route', 'show', 'proto', 'bgp'])
      return (stdout.trim() === '' ? [] : JSON.parse(stdout)) as Route[]
    }
    const routes = [...(await read('-4')), ...(await read('-6'))]
    const ways = new Map<string, number>()
    for (const { dst, nexthops } of routes) {
      // IPv6 shows some ways as routes of their own.
      const address = dst.split('/')[0]!
      ways.set(address, (ways.get(address) ?? 0) + (nexthops?.length ?? 1))
    }
    return ways
  }
}
