import { type Image, pauseImageOf, webImage } from './base-images.ts'
import { type Binaries, buildHelm, buildKubernetes, defaultKubernetesVersion } from './build.ts'
import { isHealthy, startCluster } from './cluster.ts'
import { runDemo } from './demo.ts'
import { findRemains, isEmpty, refuseForeignFolder, takeDown } from './down.ts'
import { removeUnfinishedBuilds } from './go-build.ts'
import { installHerald } from './herald.ts'
import { heraldImage } from './herald-image.ts'
import { tidyImageCache } from './image-cache.ts'
import { importImages } from './images.ts'
import { type Lab, labOf, loadLab, saveLab } from './lab.ts'
import { stateDir } from './paths.ts'
import { ensurePrerequisites } from './prerequisites.ts'
import { say, step } from './progress.ts'
import { bothFamilies, type IpFamily } from './topology.ts'

export const defaultNodes = 3

export interface UpOptions {
  name: string
  /** Undefined: as many as a running lab has, else the default. */
  nodes?: number
  kubernetes?: string
  /** See LabConfig. Undefined: those of a running lab, else both. */
  nodeFamilies?: readonly IpFamily[]
  /** Install Herald. */
  herald: boolean
  /** Values of its chart, as Helm's --set takes them. */
  values?: Readonly<Record<string, string>>
  /** Apply the demo and fetch its page. */
  demo: boolean
  /** Take a running lab down first. */
  fresh?: boolean
}

export interface UpResult {
  lab: Lab
  demo?: { address: string; page: string }
}

/** What a lab is started from. */
interface Materials {
  binaries: Binaries
  images: Image[]
  herald?: { helm: string; image: Image }
}

/** Installs, builds and fetches all that `up` needs; starts nothing. With everything in the cache it takes a second. */
export async function prepare(options: { kubernetes?: string; herald: boolean }): Promise<Materials> {
  await ensurePrerequisites()
  await removeUnfinishedBuilds()
  const binaries = await buildKubernetes(options.kubernetes)
  const images: Image[] = [await pauseImageOf(binaries.pause), await webImage()]
  if (!options.herald) return { binaries, images }
  const herald = { helm: await buildHelm(), image: await heraldImage() }
  return { binaries, images: [...images, herald.image], herald }
}

/** Brings the lab up, from whatever state the machine is in. A lab that runs as asked for is used as it is. */
export async function up(options: UpOptions): Promise<UpResult> {
  refuseForeignFolder(stateDir(options.name))
  const running = options.fresh ? undefined : loadLab(options.name)
  const kubernetes = options.kubernetes ?? running?.lab.config.kubernetes ?? defaultKubernetesVersion
  const nodes = options.nodes ?? running?.lab.config.nodes ?? defaultNodes
  const nodeFamilies = options.nodeFamilies ?? running?.lab.config.nodeFamilies ?? bothFamilies
  const { binaries, images, herald } = await prepare({ kubernetes, herald: options.herald })
  await tidyImageCache(images)
  const archives = images.map(image => image.file)

  const lab = labOf({ name: options.name, nodes, kubernetes, nodeFamilies }, binaries.kubernetes)
  if (running !== undefined && (await canReuse(running, lab))) {
    say('the cluster runs already')
    await loadMissing(lab, archives, running.archives)
  } else {
    if (!isEmpty(findRemains(options.name)))
      await step('removing the lab that was there', '', () => takeDown(options.name))
    const what = `starting a cluster of ${nodes === 1 ? '1 node' : `${nodes} nodes`}`
    await step(what, 'about 15 s', () => startCluster(lab, archives))
  }

  if (herald !== undefined) {
    await step('installing Herald with Helm', 'about 10 s', () =>
      installHerald(lab, herald.helm, herald.image, options.values),
    )
  }
  if (!options.demo) return { lab }
  const demo = await step('starting the demo', '', () => runDemo(lab))
  return { lab, demo }
}

async function canReuse(running: { lab: Lab; complete: boolean }, wanted: Lab): Promise<boolean> {
  if (!running.complete || running.lab.kubernetes !== wanted.kubernetes) return false
  const same = (['nodes', 'nodeFamilies'] as const).every(
    key => String(running.lab.config[key]) === String(wanted.config[key]),
  )
  return same && (await isHealthy(running.lab))
}

async function loadMissing(lab: Lab, archives: readonly string[], present: readonly string[]): Promise<void> {
  const missing = archives.filter(archive => !present.includes(archive))
  if (missing.length === 0) return
  await Promise.all(lab.topology.nodes.map(node => importImages(lab, node, missing)))
  await saveLab(lab, true, [...present, ...missing])
}
