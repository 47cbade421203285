import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from '../lab/paths.ts'
import { runLogged, step } from '../lab/progress.ts'

export const gobgpVersion = 'v3.37.0'
const module = 'github.com/osrg/gobgp/v3'

/** Builds the program that reads and writes messages with GoBGP's packet library, or finds it in the cache. */
export async function buildGobgpCodec(): Promise<string> {
  const source = join(import.meta.dirname, 'rivals/gobgp-codec/main.go')
  const hash = createHash('sha256').update(readFileSync(source)).update(gobgpVersion).digest('hex').slice(0, 16)
  const program = join(cacheDir(), `gobgp-codec-${hash}`)
  if (existsSync(program)) return program
  await step(`building GoBGP ${gobgpVersion}'s codec from its Go module`, 'about a minute', async () => {
    await mkdir(cacheDir(), { recursive: true })
    const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
    const options = {
      cwd: work,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false' },
      logFile: join(cacheDir(), 'gobgp-codec-build.log'),
    }
    try {
      await writeFile(join(work, 'go.mod'), 'module herald.io/bench\n')
      await copyFile(source, join(work, 'main.go'))
      await runLogged(['go', 'get', `${module}/pkg/packet/bgp@${gobgpVersion}`], options)
      await runLogged(['go', 'build', '-o', 'gobgp-codec', '.'], options)
      await rename(join(work, 'gobgp-codec'), program)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return program
}
