import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The checkout that this lab belongs to. */
export const repository = dirname(import.meta.dirname)

/** What can be made again but is costly to make: binaries, images. Shared by all labs, kept by `down`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.HERALD_CACHE) return env.HERALD_CACHE
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'herald')
}

/** Everything that a running lab keeps: keys, configuration, data, logs. Gone after `down`. */
export function stateDir(labName: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.HERALD_LAB_DIR || `/var/tmp/${labName}-lab`
}
