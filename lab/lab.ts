import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stateDir } from './paths.ts'
import { bothFamilies, type IpFamily, type Topology, topologyOf } from './topology.ts'

/** Tells that a folder is a lab's, and which lab. */
export const labFile = 'lab.json'

/** What `up` was asked for. */
export interface LabConfig {
  /** Prefix of the lab's namespaces, e.g. "herald". */
  name: string
  nodes: number
  /** e.g. "v1.36.3" */
  kubernetes: string
  /**
   * Families of the addresses that nodes show to Kubernetes. The first is that of Services that ask for none. The lab's
   * network, its Pods and its Services have both in any case.
   */
  nodeFamilies: readonly IpFamily[]
}

/** One lab and where its things lie. */
export interface Lab {
  config: LabConfig
  topology: Topology
  folder: string
  logFolder: string
  /** Administrator's kubeconfig, with the address that is valid inside the lab's namespaces. */
  adminKubeconfig: string
  /** The all-in-one binary; see build.ts. */
  kubernetes: string
}

interface SavedLab {
  config: LabConfig
  kubernetes: string
  complete: boolean
  /** Archives that every node has loaded. */
  archives: string[]
}

export function labOf(config: LabConfig, kubernetes: string): Lab {
  const folder = stateDir(config.name)
  return {
    config,
    topology: topologyOf(config.name, config.nodes),
    folder,
    logFolder: join(folder, 'logs'),
    adminKubeconfig: join(folder, 'admin.kubeconfig'),
    kubernetes,
  }
}

/** Writes down what is being started. An incomplete lab is one whose start was interrupted. */
export async function saveLab(lab: Lab, complete: boolean, archives: readonly string[]): Promise<void> {
  mkdirSync(lab.folder, { recursive: true })
  const saved: SavedLab = { config: lab.config, kubernetes: lab.kubernetes, complete, archives: [...archives] }
  const file = join(lab.folder, labFile)
  await writeFile(`${file}.new`, JSON.stringify(saved))
  await rename(`${file}.new`, file)
  mkdirSync(lab.logFolder, { recursive: true })
}

/** The lab that was started under this name and not taken down; undefined when there is none. */
export function loadLab(labName: string): { lab: Lab; complete: boolean; archives: string[] } | undefined {
  try {
    const saved = JSON.parse(readFileSync(join(stateDir(labName), labFile), 'utf8')) as SavedLab
    // An older checkout may have started it.
    const config = { ...saved.config, nodeFamilies: saved.config.nodeFamilies ?? bothFamilies }
    return { lab: labOf(config, saved.kubernetes), complete: saved.complete, archives: saved.archives }
  } catch {
    return undefined
  }
}

/** As loadLab, for commands that need a lab that is up. */
export function requireLab(labName: string): Lab {
  const found = loadLab(labName)
  if (found === undefined) throw new Error('no lab is running: start one with "npm run lab"')
  if (!found.complete) throw new Error('the start of the lab was interrupted: run "npm run lab" to start it anew')
  return found.lab
}
