import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { startDaemon } from './daemons.ts'
import type { Lab } from './lab.ts'
import { inNamespace } from './network.ts'
import type { Pki } from './pki.ts'
import { apiServerAddress, apiServerPort } from './topology.ts'

/** Kubeconfig of the administrator for programs in the machine's own network. */
export const machineKubeconfig = (lab: Lab) => join(lab.folder, 'kubeconfig')

/**
 * Opens a port on the machine's loopback interface that leads to the API server, which has no address outside the lab's
 * namespaces, and writes a kubeconfig that uses it.
 */
export async function openApiPort(lab: Lab, pki: Pki): Promise<void> {
  const port = await freePort()
  // A script, because socat would take the colons and commas of a command for its own.
  const script = join(lab.folder, 'api-connection')
  const command = [
    ...inNamespace(lab.topology.control.namespace),
    'socat',
    'STDIO',
    `TCP:${apiServerAddress}:${apiServerPort},nodelay`,
  ]
  await writeFile(script, `#!/bin/sh\nexec ${command.join(' ')}\n`, { mode: 0o700 })
  startDaemon(lab, 'api-port', ['socat', `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,nodelay`, `EXEC:${script}`])
  const server = `https://127.0.0.1:${port}`
  await pki.writeKubeconfig({ file: machineKubeconfig(lab), server, certificate: pki.certificate('admin') })
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
