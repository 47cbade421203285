import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from './base-images.ts'
import { helmCommand, kubectl } from './kubectl.ts'
import type { Lab } from './lab.ts'
import { repository } from './paths.ts'
import { run } from './process.ts'

export const heraldNamespace = 'herald-system'

/** Helm keeps its files with the lab's, not in the user's home. */
export function helmEnvironment(lab: Lab): NodeJS.ProcessEnv {
  const folder = join(lab.folder, 'helm')
  mkdirSync(folder, { recursive: true })
  return {
    ...process.env,
    HELM_CACHE_HOME: join(folder, 'cache'),
    HELM_CONFIG_HOME: join(folder, 'config'),
    HELM_DATA_HOME: join(folder, 'data'),
  }
}

/**
 * Installs the chart of the repository with the given image, or upgrades to it, and waits until all of it is ready.
 * @param more values of the chart, as Helm's --set takes them
 * @throws Error that shows the Pods and the end of their logs when they do not become ready
 */
export async function installHerald(
  lab: Lab,
  helm: string,
  image: Image,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const [imageRepository, tag] = image.reference.split(':')
  const values = { 'image.repository': imageRepository, 'image.tag': tag, 'image.pullPolicy': 'Never' }
  const command = helmCommand(lab, helm, [
    ...[
      'upgrade',
      '--install',
      'herald',
      join(repository, 'charts/herald'),
      '--namespace',
      heraldNamespace,
      '--create-namespace',
    ],
    ...Object.entries(values).flatMap(([name, value]) => ['--set-string', `${name}=${value}`]),
    ...Object.entries(more).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ...['--wait', '--timeout', '90s'],
  ])
  try {
    await run(command, { env: helmEnvironment(lab) })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${await describeTrouble(lab)}`)
  }
}

async function describeTrouble(lab: Lab): Promise<string> {
  const inNamespace = ['--namespace', heraldNamespace]
  const outputs = await Promise.all([
    kubectl(lab, ['get', 'pods', ...inNamespace, '--output=wide'], { check: false }),
    kubectl(lab, ['get', 'events', ...inNamespace, '--field-selector=type=Warning'], { check: false }),
    kubectl(
      lab,
      [
        'logs',
        ...inNamespace,
        '--selector=app.kubernetes.io/instance=herald',
        '--prefix',
        '--tail=10',
        '--all-containers',
      ],
      { check: false },
    ),
  ])
  return outputs.map(({ stdout, stderr }) => (stdout + stderr).trim()).join('\n\n')
}
