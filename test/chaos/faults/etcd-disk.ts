import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { daemon, isRunning, startDaemon, stopDaemon } from '../../../lab/daemons.ts'
import type { Lab } from '../../../lab/lab.ts'
import { run } from '../../../lab/process.ts'
import { paths } from '../api-client.ts'
import { type FaultKind, unfelt } from '../fault.ts'
import { untilDone } from '../until-done.ts'
import type { World } from '../world.ts'

/** More than etcd's write-ahead log, of 64 MiB a file, and its database need. Memory is taken only for what is written. */
const DISK = '1g'
/** As large as one object may be, so that few of them fill what the database still has of pages. */
const OBJECT_BYTES = 700_000
const MOST_OBJECTS = 80

const dataDir = (lab: Lab) => join(lab.folder, 'etcd')
const mark = (lab: Lab) => join(dataDir(lab), 'small-disk')

/** Moves etcd's data to a disk of its own, in memory, the first time; afterwards it lies there already. */
async function giveOwnDisk({ lab: { lab } }: World): Promise<void> {
  if (existsSync(mark(lab))) return
  await stopDaemon(lab, 'etcd')
  const [data, aside] = [dataDir(lab), `${dataDir(lab)}.aside`]
  await run(['mv', data, aside])
  await run(['mkdir', '--mode=0700', data])
  await run(['mount', '-t', 'tmpfs', '-o', `size=${DISK},mode=0700`, 'tmpfs', data])
  await run(['sh', '-ec', 'cp -a "$1/." "$2"; touch "$3"; rm -r "$1"', 'sh', aside, data, mark(lab)])
  startDaemon(lab, 'etcd')
}

async function resize(lab: Lab, size: string): Promise<void> {
  await run(['mount', '-o', `remount,size=${size}`, dataDir(lab)])
}

/** The disk that etcd writes to is full, as full as it is at the moment: the next page that its database needs is refused. */
export const etcdDiskFull: FaultKind = {
  name: 'etcd-disk-full',
  summary: "etcd's disk is full while objects are written: it fails, and runs again once there is room",
  ...{ target: 'none', durationMs: [4_000, 15_000], touches: ['api server', 'etcd'] },
  bounds: unfelt(90_000),
  strike: async world => {
    const { lab } = world.lab
    await giveOwnDisk(world)
    const { stdout } = await run(['df', '--output=used', '--block-size=1', dataDir(lab)])
    await resize(lab, String(Number(stdout.trim().split('\n').at(-1))))
    const written: string[] = []
    let healed = false
    const filling = (async () => {
      while (!healed && written.length < MOST_OBJECTS && isRunning(daemon(lab, 'etcd'))) {
        const name = `chaos-filler-${written.length}`
        written.push(name)
        const data = { text: randomBytes(OBJECT_BYTES / 2).toString('hex') }
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
        await world.api.request('POST', paths.configMaps, object, { timeoutMs: 3_000 }).catch(() => {})
      }
    })()
    return async () => {
      healed = true
      const failed = !isRunning(daemon(lab, 'etcd'))
      world.say(`etcd-disk-full: etcd ${failed ? 'ended' : 'went on'} after ${written.length} large objects`)
      await resize(lab, DISK)
      await filling
      if (!isRunning(daemon(lab, 'etcd'))) startDaemon(lab, 'etcd')
      for (const name of written) await untilDone(async () => await world.api.delete(`${paths.configMaps}/${name}`))
    }
  },
}
