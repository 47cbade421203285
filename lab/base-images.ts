import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { arch, homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { withImageFolder } from './image-folder.ts'
import { pauseImage } from './node.ts'
import { writeOciArchive } from './oci-archive.ts'
import { cacheDir, repository } from './paths.ts'
import { run } from './process.ts'
import { copyPrograms } from './programs.ts'
import { runLogged, step } from './progress.ts'

/** An image in the cache. */
export interface Image {
  /** e.g. "herald.lab/web:3f2a91c0d4e5" */
  reference: string
  /** OCI archive. */
  file: string
}

/** Image of the sandbox of every Pod. */
export async function pauseImageOf(pauseBinary: string): Promise<Image> {
  const file = join(cacheDir(), 'images', `pause-${hashOf(await readFile(pauseBinary))}.tar`)
  if (!existsSync(file)) {
    await withImageFolder(async folder => {
      await copyFile(pauseBinary, join(folder, 'pause'))
      await writeOciArchive(file, pauseImage, [folder], { Entrypoint: ['/pause'], User: '65535:65535' })
    })
  }
  return { reference: pauseImage, file }
}

/**
 * Stands in for `node:24-bookworm-slim`: the Node that runs this program, the libraries that it is linked to, a shell,
 * certificates of authorities.
 */
export async function nodeBaseImage(): Promise<Image> {
  const tag = hashOf(`2 ${process.version} ${arch()} ${distribution().PRETTY_NAME} ${certificates()}`)
  const image = { reference: `herald.lab/node:${tag}`, file: join(cacheDir(), 'images', `node-${tag}.tar`) }
  if (existsSync(image.file)) return image
  await step('making the Node base image', '', () =>
    withImageFolder(async folder => {
      await fillNodeBase(folder)
      await writeOciArchive(image.file, image.reference, [folder], nodeBaseConfig)
    }),
  )
  return image
}

/** The web server of the demo, under a name that its manifest can give. */
export async function webImage(): Promise<Image> {
  const program = await readFile(join(repository, 'lab/demo/web.mjs'), 'utf8')
  return await imageOnNode('herald.lab/web:1', { '/web.mjs': program }, ['node', '/web.mjs'])
}

/** An image of one layer with the given files ("/path" to content) on the Node base. */
export async function imageOnNode(reference: string, files: Record<string, string>, command: string[]): Promise<Image> {
  const base = await nodeBaseImage()
  const name = reference.replace(/^.*\//, '').replace(/:.*$/, '')
  const hash = hashOf(JSON.stringify([base.reference, reference, files, command]))
  const image = { reference, file: join(cacheDir(), 'images', `${name}-${hash}.tar`) }
  if (existsSync(image.file)) return image
  await withImageFolder(async top => {
    const [baseFolder, ownFolder] = [join(top, 'base'), join(top, 'own')]
    await fillNodeBase(baseFolder)
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(ownFolder, path)), { recursive: true })
      await writeFile(join(ownFolder, path), content)
    }
    const config = { ...nodeBaseConfig, Cmd: command, User: '1000:1000' }
    await writeOciArchive(image.file, image.reference, [baseFolder, ownFolder], config)
  })
  return image
}

/**
 * Stands in for `node:24-bookworm`: a minimal system of the machine's own distribution with a C compiler, and Node with
 * npm and headers. It carries the machine's npm settings and authorities, because it exists to run `npm ci` here; nothing
 * of it gets into the image that is built with it.
 */
export async function buildBaseImage(): Promise<Image> {
  const home = resolve(process.execPath, '../..')
  const settings = await npmSettings()
  const tag = hashOf(`2 ${process.version} ${arch()} ${distribution().PRETTY_NAME} ${certificates()} ${settings}`)
  const image = { reference: `herald.lab/build:${tag}`, file: join(cacheDir(), 'images', `build-${tag}.tar`) }
  if (existsSync(image.file)) return image
  await step('making the build base image from Debian packages', 'about 1 minute, once', () =>
    withImageFolder(async folder => {
      const system = join(folder, 'system')
      await bootstrap(system)
      for (const part of ['bin', 'lib', 'include']) {
        if (existsSync(join(home, part)))
          await cp(join(home, part), join(system, 'usr/local', part), { recursive: true, verbatimSymlinks: true })
      }
      await writeFile(join(system, 'etc/ssl/certs/ca-certificates.crt'), certificates())
      await mkdir(join(system, 'usr/local/etc'), { recursive: true })
      await writeFile(join(system, 'usr/local/etc/npmrc'), settings)
      for (const name of ['npm', 'npx']) {
        const script = `#!/bin/sh\nexec /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/${name}-cli.js "$@"\n`
        await rm(join(system, 'usr/local/bin', name), { force: true })
        await writeFile(join(system, 'usr/local/bin', name), script, { mode: 0o755 })
      }
      await writeOciArchive(image.file, image.reference, [system], nodeBaseConfig)
    }),
  )
  return image
}

const nodeBaseConfig = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['node'] }

async function fillNodeBase(folder: string): Promise<void> {
  for (const path of [
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    'usr/local/bin',
    'etc/ssl/certs',
    'tmp',
    'run',
    'var/tmp',
    'root',
    'home/node',
  ]) {
    await mkdir(join(folder, path), { recursive: true })
  }
  await Promise.all([chmod(join(folder, 'tmp'), 0o1777), chmod(join(folder, 'var/tmp'), 0o1777)])
  // As in Debian since its release 12, so that files which later layers bring land in the same places.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(folder, name))
  await copyPrograms(folder, { 'usr/local/bin/node': process.execPath, 'usr/bin/sh': '/bin/dash' })
  const users = [
    'root:x:0:0:root:/root:/bin/sh',
    'node:x:1000:1000::/home/node:/bin/sh',
    'nobody:x:65534:65534:nobody:/nonexistent:/bin/false',
  ]
  await writeFile(join(folder, 'etc/passwd'), `${users.join('\n')}\n`)
  await writeFile(join(folder, 'etc/group'), 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n')
  await writeFile(join(folder, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n')
  await writeFile(join(folder, 'etc/ssl/certs/ca-certificates.crt'), certificates())
}

async function bootstrap(folder: string): Promise<void> {
  const { VERSION_CODENAME: codename, ID: distributionId } = distribution()
  if (codename === undefined)
    throw new Error('/etc/os-release names no release: the build base image is made on Debian and Ubuntu only')
  // The machine's own sources, those of the distribution alone: others may not be reachable without their keys.
  const format = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)|$(ORIGIN)'
  const { stdout } = await run(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'])
  const own = stdout.split('\n').filter(line => line.toLowerCase().endsWith(`|${distributionId}`))
  const sources = [...new Set(own.map(line => line.split('|')[0]!))]
  const packages = 'gcc,libc6-dev,make,ca-certificates,python3-minimal,libstdc++6'
  const command = [
    'mmdebstrap',
    '--mode=root',
    '--variant=minbase',
    `--include=${packages}`,
    codename,
    folder,
    ...sources,
  ]
  // In a mount namespace: what a killed run has mounted is gone with it.
  await runLogged(['unshare', '--mount', ...command], { logFile: join(cacheDir(), 'images', 'build-base.log') })
  for (const leftover of [
    'var/cache/apt',
    'var/lib/apt/lists',
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
    'dev',
  ]) {
    await rm(join(folder, leftover), { recursive: true, force: true })
    await mkdir(join(folder, leftover), { recursive: true })
  }
}

/** npm's settings on this machine (registry, proxies, tokens), with the image's path of the authorities. */
async function npmSettings(): Promise<string> {
  const files = [
    '/usr/etc/npmrc',
    '/usr/local/etc/npmrc',
    join(homedir(), '.npmrc'),
    process.env.npm_config_userconfig ?? '',
  ]
  const texts = await Promise.all([...new Set(files)].map(file => readFile(file, 'utf8').catch(() => '')))
  const kept = texts
    .flatMap(text => text.split('\n'))
    .filter(
      line => line.trim() !== '' && !/^\s*(cafile|prefix|cache|nodedir|userconfig|globalconfig|yes)\s*=/.test(line),
    )
  const fromEnvironment = ['registry', 'https_proxy', 'proxy'].flatMap(name => {
    const value = process.env[`npm_config_${name}`] ?? process.env[`NPM_CONFIG_${name.toUpperCase()}`]
    return value ? [`${name.replace('_', '-')}=${value}`] : []
  })
  return `${[...new Set([...kept, ...fromEnvironment]), 'cafile=/etc/ssl/certs/ca-certificates.crt'].join('\n')}\n`
}

/** The authorities that this machine trusts. */
function certificates(): string {
  const file = process.env.SSL_CERT_FILE || '/etc/ssl/certs/ca-certificates.crt'
  return readFileSync(file, 'utf8')
}

function distribution(): Record<string, string | undefined> {
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n')
  return Object.fromEntries(
    lines.map(line => line.split('=')).map(([name, value]) => [name, value?.replaceAll('"', '')]),
  )
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12)
}
