import { existsSync } from 'node:fs'
import { daemonNames, signalDaemon } from '../../lab/daemons.ts'
import { loadLab } from '../../lab/lab.ts'
import { inNamespace, namespaceFile } from '../../lab/network.ts'
import { run } from '../../lab/process.ts'
import { TestLab } from '../support/lab/lab.ts'
import { deleteTable, faultTables } from './fault-tables.ts'

/** Ends the faults that a run which was killed has left in its lab, so that it can be used again. What was killed is found by the lab itself. */
export async function endOldFaults(name: string): Promise<void> {
  const lab = loadLab(name)?.lab
  if (lab === undefined) return
  const places = [
    ...lab.topology.nodes.flatMap(({ namespace }) =>
      [faultTables.apiProxy, faultTables.strays].map(table => [namespace, table] as const),
    ),
    [lab.topology.switchNamespace, faultTables.partition] as const,
  ]
  for (const [namespace, table] of places) {
    if (existsSync(namespaceFile(namespace))) await run([...inNamespace(namespace), 'nft', deleteTable(table)])
  }
  for (const daemon of daemonNames(lab)) signalDaemon(lab, daemon, 'SIGCONT')
  const testLab = new TestLab(lab)
  for (const component of ['controller', 'speaker'] as const) testLab.signalHerald(component, 'SIGCONT')
}
