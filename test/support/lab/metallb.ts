import { chmod, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { buildMetallb, metallbVersion } from '../../../bench/metallb.ts'
import { importImages } from '../../../lab/images.ts'
import { writeOciArchive } from '../../../lab/oci-archive.ts'
import { cacheDir } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'
import type { TestLab } from './lab.ts'

export const metallbNamespace = 'metallb-system'

/** Custom resources of MetalLB's own webhook cannot be written before it serves; it waits for its certificate. */
const READY_WITHIN = '--timeout=400s'

/** Installs all of MetalLB by its own manifest, with images made of programs that were built from its source. */
export async function installMetallb(lab: TestLab): Promise<void> {
  const manifest = await readManifest()
  await importPrograms(lab, manifest)
  const documents = parseAllDocuments(manifest).map(document => document.toJS() as object)
  await lab.kubectl(['apply', '--server-side', '--filename=-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents.filter(Boolean) }),
  })
  for (const workload of ['deployment/controller', 'daemonset/speaker']) {
    await lab.kubectl(['rollout', 'status', workload, `--namespace=${metallbNamespace}`, READY_WITHIN])
  }
}

async function readManifest(): Promise<string> {
  const { stdout } = await run(['go', 'mod', 'download', '-json', `go.universe.tf/metallb@${metallbVersion}`])
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  return await readFile(join(Dir, 'config/manifests/metallb-native.yaml'), 'utf8')
}

/** Makes the images that the manifest names, and brings them to every node. */
async function importPrograms(lab: TestLab, manifest: string): Promise<void> {
  const programs = await buildMetallb()
  const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
  try {
    const archives: string[] = []
    for (const name of ['controller', 'speaker'] as const) {
      const [, reference] = new RegExp(`image: (\\S+/${name}:\\S+)`).exec(manifest) ?? []
      if (reference === undefined) throw new Error(`MetalLB's manifest names no image of its ${name}`)
      const root = join(work, name)
      await mkdir(root)
      await chmod(root, 0o755)
      await copyFile(programs[name], join(root, name))
      const archive = join(work, `${name}.tar`)
      await writeOciArchive(archive, reference, [root], { Entrypoint: [`/${name}`] })
      archives.push(archive)
    }
    await Promise.all(lab.lab.topology.nodes.map(node => importImages(lab.lab, node, archives)))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
