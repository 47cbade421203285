import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { inNamespace } from './network.ts'
import { type RunOptions, type RunResult, run } from './process.ts'

/** The command line that runs kubectl as the cluster's administrator, where the API server is reachable. */
export function kubectlCommand(lab: Lab, args: readonly string[]): string[] {
  return [
    ...inNamespace(lab.topology.control.namespace),
    lab.kubernetes,
    'kubectl',
    ...access(lab),
    `--cache-dir=${join(lab.folder, 'kubectl-cache')}`,
    ...args,
  ]
}

export function helmCommand(lab: Lab, helm: string, args: readonly string[]): string[] {
  return [...inNamespace(lab.topology.control.namespace), helm, ...access(lab), ...args]
}

const access = (lab: Lab) => [`--kubeconfig=${lab.adminKubeconfig}`]

export async function kubectl(lab: Lab, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return await run(kubectlCommand(lab, args), options)
}

/** @param args of a kubectl command that knows `--output=json`, e.g. ["get", "nodes"] */
export async function kubectlJson<T>(lab: Lab, args: readonly string[], options: RunOptions = {}): Promise<T> {
  const { stdout } = await kubectl(lab, [...args, '--output=json'], options)
  return JSON.parse(stdout) as T
}
