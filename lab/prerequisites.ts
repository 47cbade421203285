import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { cacheDir } from './paths.ts'
import { run } from './process.ts'
import { runLogged, say, step } from './progress.ts'

export interface Prerequisite {
  /** A command that is looked for in the path, or a file. */
  provides: string
  /** Debian's and Ubuntu's package. */
  debianPackage: string
  why: string
}

const prerequisites: readonly Prerequisite[] = [
  { provides: 'ip', debianPackage: 'iproute2', why: 'makes namespaces, bridges and cards' },
  { provides: 'nsenter', debianPackage: 'util-linux', why: 'runs commands inside namespaces' },
  { provides: 'openssl', debianPackage: 'openssl', why: "makes the cluster's keys" },
  { provides: 'containerd', debianPackage: 'containerd', why: 'runs containers' },
  { provides: 'runc', debianPackage: 'runc', why: 'runs containers' },
  { provides: '/usr/lib/cni/ptp', debianPackage: 'containernetworking-plugins', why: 'connects Pods' },
  { provides: 'nft', debianPackage: 'nftables', why: "writes kube-proxy's rules" },
  { provides: 'conntrack', debianPackage: 'conntrack', why: "clears kube-proxy's connections" },
  { provides: '/usr/lib/frr/bgpd', debianPackage: 'frr', why: 'is the router' },
  { provides: 'bird', debianPackage: 'bird2', why: 'is another router, for tests' },
  { provides: 'gobgpd', debianPackage: 'gobgpd', why: 'is another router, for tests' },
  { provides: 'socat', debianPackage: 'socat', why: "opens the API server's port on loopback" },
  { provides: 'curl', debianPackage: 'curl', why: 'is the client' },
  { provides: 'arping', debianPackage: 'arping', why: 'asks for addresses as the client' },
  { provides: 'tcpdump', debianPackage: 'tcpdump', why: 'shows what is on the wire' },
  { provides: 'buildah', debianPackage: 'buildah', why: "builds Herald's image" },
  { provides: 'mmdebstrap', debianPackage: 'mmdebstrap', why: 'makes the image that Herald is built in' },
]

/**
 * Installs the missing packages, saying which and why.
 * @param more beside those that every lab needs
 * @throws Error when that is not possible, naming the packages
 */
export async function ensurePrerequisites(more: readonly Prerequisite[] = []): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces and must run as root')
  const missing = [...prerequisites, ...more].filter(({ provides }) => !isPresent(provides))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))]
  if (!isPresent('apt-get')) throw new Error(`install what provides these, then try again: ${packages.join(', ')}`)
  for (const { debianPackage, why } of missing) say(`needs the package ${debianPackage}: it ${why}`)
  await step('installing the missing packages', 'about 1 minute', () =>
    aptGet(['install', '--yes', '--no-install-recommends', ...packages]),
  )
}

/**
 * The path of a program of a Debian package that is not installed, and whose services so never start: in the path, else taken out of the package
 * into the cache.
 * @param path where the package has it, e.g. "/usr/bin/promtool"
 * @returns undefined where there is no apt-get
 */
export async function programOfPackage(debianPackage: string, path: string): Promise<string | undefined> {
  const name = basename(path)
  if (isPresent(name)) return name
  const folder = join(cacheDir(), `debian-${debianPackage}`)
  if (existsSync(join(folder, name))) return join(folder, name)
  if (!isPresent('apt-get')) return undefined
  return await step(`fetching ${name} out of the package ${debianPackage}`, '', async () => {
    await mkdir(folder, { recursive: true })
    const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
    try {
      await aptGet(['download', debianPackage], work)
      const [file = ''] = await readdir(work)
      await run(['dpkg-deb', '--extract', join(work, file), join(work, 'files')])
      await rename(join(work, 'files', path), join(folder, name))
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    return join(folder, name)
  })
}

/** The lists of packages may be missing or too old to name files that still exist: then they are fetched, and it is tried again. */
async function aptGet(args: readonly string[], cwd?: string): Promise<void> {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, cwd }
  const first = await run(['apt-get', ...args], { ...options, check: false })
  if (first.code === 0) return
  const logFile = join(cacheDir(), 'apt.log')
  await runLogged(['apt-get', 'update'], { ...options, logFile })
  await runLogged(['apt-get', ...args], { ...options, logFile })
}

function isPresent(provides: string): boolean {
  if (provides.startsWith('/')) return existsSync(provides)
  // Services lie in the sbin folders, which are not in everyone's path.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some(folder => {
    try {
      accessSync(join(folder, provides), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
