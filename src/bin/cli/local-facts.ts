import { readdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { LocalFacts } from '../../cli/check-local.ts'

const BGP_PORT = 179
/** State LISTEN in /proc/net/tcp (Linux, include/net/tcp_states.h). */
const LISTEN = '0A'

/** Reads what the kernel of this node says. A pod that has the node's network sees the same; what cannot be read is left out. */
export async function readLocalFacts(env: NodeJS.ProcessEnv): Promise<LocalFacts> {
  const [reversePathFilters, mtus, ipv4, ipv6] = await Promise.all([
    numbers('/proc/sys/net/ipv4/conf', 'rp_filter'),
    numbers('/sys/class/net', 'mtu'),
    listeners('/proc/net/tcp'),
    listeners('/proc/net/tcp6'),
  ])
  return { node: env.HERALD_NODE_NAME || hostname(), reversePathFilters, mtus, bgpListeners: [...ipv4, ...ipv6] }
}

/** The number in a file of this name in each folder under `root`. */
async function numbers(root: string, file: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const name of await readdir(root).catch(() => [])) {
    const value = Number(await readFile(`${root}/${name}/${file}`, 'utf8').catch(() => 'none'))
    if (Number.isInteger(value)) found[name] = value
  }
  return found
}

/** Local addresses of the sockets that listen for BGP, as the kernel writes them: `00000000:00B3`. */
async function listeners(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(1)
  return lines.flatMap(line => {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state !== LISTEN || Number.parseInt(port, 16) !== BGP_PORT) return []
    return [`${/^0+$/.test(address) ? (address.length > 8 ? '[::]' : '0.0.0.0') : `address ${address}`}:${BGP_PORT}`]
  })
}
