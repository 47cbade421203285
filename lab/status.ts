import { isHealthy } from './cluster.ts'
import { daemon, daemonLog, daemonNames, isRunning } from './daemons.ts'
import { findRemains, isEmpty } from './down.ts'
import { kubectl } from './kubectl.ts'
import { loadLab } from './lab.ts'

/** Prints what runs. @returns whether a complete, healthy lab is up */
export async function printStatus(labName: string): Promise<boolean> {
  const found = loadLab(labName)
  if (found === undefined) {
    const left = !isEmpty(findRemains(labName))
    console.log(
      left
        ? 'Remains of an interrupted lab: "npm run lab" starts anew, "npm run lab -- down" removes them.'
        : 'No lab is running. "npm run lab" starts one.',
    )
    return false
  }
  const { lab, complete } = found
  console.log(
    `Kubernetes ${lab.config.kubernetes}, nodes: ${lab.config.nodes}${complete ? '' : ' — its start was interrupted'}`,
  )
  console.log(`state and logs: ${lab.folder}\n`)
  const names = daemonNames(lab)
  const width = Math.max(0, ...names.map(name => name.length))
  for (const name of names) {
    const component = daemon(lab, name)
    console.log(
      `${name.padEnd(width)}  ${isRunning(component) ? `running (${component.pid})` : `ENDED: see ${daemonLog(lab, name)}`}`,
    )
  }
  const healthy = complete && (await isHealthy(lab))
  if (healthy) {
    const { stdout } = await kubectl(lab, ['get', 'nodes,pods,services', '--all-namespaces'], {
      check: false,
      timeoutMs: 10_000,
    })
    console.log(`\n${stdout.trimEnd()}`)
  } else {
    console.log('\nNot healthy. "npm run lab" starts it anew.')
  }
  return healthy
}
