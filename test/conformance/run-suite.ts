import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inNamespace } from '../../lab/network.ts'
import { runInteractive } from '../../lab/process.ts'
import type { TestLab } from '../support/lab/lab.ts'
import type { Suite } from './suite-build.ts'

/** The label that network/loadbalancer.go gives to all of its specs, and no other file to any. */
const labels = 'Feature: containsAny LoadBalancer'

/** Beyond this, what still runs counts as failed. A spec that cannot pass waits for 10 minutes and more. */
const timeout = '100m'

export interface SuiteRun {
  focus?: string
  processes: number
  /** For the suite's own reports and for what it prints of failures. */
  folder: string
}

/**
 * Runs the suite as a client behind the lab's router; what it prints goes to this process's output.
 * @returns the JUnit report that it wrote
 */
export async function runSuite(lab: TestLab, suite: Suite, init: SuiteRun): Promise<string> {
  await rm(init.folder, { recursive: true, force: true }) // an old report must not pass for this run's
  await mkdir(init.folder, { recursive: true })
  const kubectl = join(init.folder, 'kubectl')
  await writeFile(kubectl, `#!/bin/sh\nexec ${lab.lab.kubernetes} kubectl "$@"\n`, { mode: 0o755 })
  const runner = [
    ...[suite.ginkgo, `--procs=${init.processes}`, '--no-color', '--silence-skips', `--timeout=${timeout}`],
    ...[`--label-filter=${labels}`, ...(init.focus === undefined ? [] : [`--focus=${init.focus}`])],
  ]
  const flags = [
    '--provider=skeleton', // no cloud
    `--kubeconfig=${lab.lab.adminKubeconfig}`,
    `--kubectl-path=${kubectl}`,
    `--num-nodes=${lab.lab.config.nodes}`, // without it, specs that want two find fewer than none
    `--report-dir=${init.folder}`,
  ]
  const command = [...inNamespace(lab.lab.topology.outside.namespace), ...runner, suite.e2e, '--', ...flags]
  await runInteractive(command, withoutProxies(process.env))
  return join(init.folder, 'junit_01.xml')
}

/** Nothing but the lab can be reached from where the suite runs. */
function withoutProxies(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/_proxy$/i.test(name)))
}
