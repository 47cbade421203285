import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The checkout that this lab belongs to. */
export const repository = dirname(import.meta.dirname)

/** What can be made again but is costly to make: binaries, images. Shared by all labs, kept by `down`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.HERALD_CACHE) return env.HERALD_CACHE
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'herald')
}

/** Name of the lab when none is given. */
export const defaultLabName = 'herald'

/**
 * Everything that a running lab keeps: keys, configuration, data, logs. Gone after `down`.
 * @throws Error when HERALD_LAB_DIR names a folder that the lab's scripts and sockets could not use
 */
export function stateDir(labName: string, env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env.HERALD_LAB_DIR
  if (!chosen) return `/var/tmp/${labName}-lab`
  // The path of a Unix socket has room for 107 bytes, of which those in the folder need up to 35.
  if (!/^\/[\w./-]{1,60}$/.test(chosen)) {
    throw new Error(
      `HERALD_LAB_DIR must be an absolute path of at most 61 letters, digits and "_", ".", "/", "-", not "${chosen}"`,
    )
  }
  return labName === defaultLabName ? chosen : `${chosen}-${labName}`
}
