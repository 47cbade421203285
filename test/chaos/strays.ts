import type { TestLab } from '../support/lab/lab.ts'
import { deleteTable, faultTables } from './fault-tables.ts'

/**
 * Has every node drop packets that it would pass on to a routed address, as docs/configuration.md advises. kube-proxy leaves as they are what
 * belongs to no connection it knows and opens none (a late RST after the router chose another node, say); the node sends that back to the
 * router, which sends it to a node again. A cable that doubles frames makes a storm of one such packet: it is doubled twice on each round.
 *
 * @param addresses prefixes or ranges that only routers know
 * @returns what takes the rules away
 */
export async function dropStrays(lab: TestLab, addresses: readonly string[]): Promise<() => Promise<void>> {
  const onEachNode = (script: string) =>
    Promise.all(lab.lab.topology.nodes.map(({ name }) => lab.runOn(name, ['nft', script])))
  // By then the destination of whatever kube-proxy takes is a pod's.
  const rules = (['ip', 'ip6'] as const).flatMap(family => {
    const some = addresses.filter(address => address.includes(':') === (family === 'ip6'))
    return some.length > 0 ? [`${family} daddr { ${some.join(', ')} } drop`] : []
  })
  const removal = deleteTable(faultTables.strays)
  const chain = `chain forward { type filter hook forward priority filter; ${rules.join('; ')}\n}`
  await onEachNode(`${removal}; table ${faultTables.strays} {\n${chain}\n}`)
  return async () => void (await onEachNode(removal))
}
