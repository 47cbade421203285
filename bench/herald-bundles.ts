import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { runLogged } from '../lab/progress.ts'

/** The environment of Herald's processes as its chart and its image have it; the addon lies beside the bundles there. */
export const HERALD_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  HERALD_NATIVE: resolve('native/build/herald.node'),
  // The image has no code that was compiled before, as a checkout has.
  NODE_DISABLE_COMPILE_CACHE: '1',
}

/** Bundles Herald's processes as the image has them; the folder, which goes with this process. */
export async function buildHerald(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'herald-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  await runLogged([process.execPath, 'src/bin/build.ts', '--out', folder], { logFile: join(folder, 'build.log') })
  return folder
}

/** The flags of Node that the chart gives a process. */
export function chartNodeFlags(component: 'controller' | 'speaker'): string[] {
  const values = parse(readFileSync('charts/herald/values.yaml', 'utf8')) as Record<string, { nodeFlags: string[] }>
  return values[component]?.nodeFlags ?? []
}
