import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { get as httpsGet } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildKubernetes } from '../../lab/build.ts'
import { apiServerCommand, etcdCommand } from '../../lab/control-plane.ts'
import { Pki } from '../../lab/pki.ts'
import { type RunResult, run, waitFor } from '../../lab/process.ts'

/** A real kube-apiserver with its etcd, alone on loopback: no nodes, no controllers. RBAC is on. */
export interface ApiServer {
  /** e.g. "https://127.0.0.1:40123" */
  url: string
  port: number
  caFile: string
  /** Bearer token of a user in the group system:masters. */
  adminToken: string
  /** Bearer token of a user "nobody" in no group, for tests of missing permissions. */
  plainToken: string
  kubeconfigFile: string
  /** Runs kubectl as administrator; never rejects for a failing kubectl: look at the code. */
  kubectl(args: readonly string[], stdin?: string): Promise<RunResult>
  /** Runs kubectl with "--output=json" and gives back the object; rejects when kubectl fails. */
  kubectlJson<T = Record<string, unknown>>(args: readonly string[], stdin?: string): Promise<T>
  /** Freezes the API server (SIGSTOP): connections stay open and nothing answers. */
  pause(): void
  resume(): void
  /** Kills the API server and starts it again on the same port with the same data, after a time without it. */
  restart(options?: { downForMs?: number }): Promise<void>
  /** Ends both processes and removes their data. */
  stop(): Promise<void>
}

/**
 * Starts etcd and kube-apiserver and waits until the API server is ready (4 to 6 s). The binary comes from the lab's cache and is
 * built first if it is missing (minutes).
 * @throws Error that quotes the end of the API server's log when it does not become ready
 */
export async function startApiServer(options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<ApiServer> {
  const { signal, timeoutMs = 60_000 } = options
  const { kubernetes } = await buildKubernetes(undefined, signal)
  const folder = await mkdtemp(join(tmpdir(), 'herald-api-server-'))
  const children = new Set<ChildProcess>()

  const stop = async () => {
    process.off('exit', killAll)
    await Promise.all([...children].map(child => end(child)))
    await rm(folder, { recursive: true, force: true })
  }
  // Covers a test runner that ends without `stop`; nothing covers SIGKILL of the runner itself.
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  process.on('exit', killAll)

  const launch = async (command: string[], logFile: string) => {
    const log = await open(logFile, 'a')
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', log.fd, log.fd] })
    await log.close()
    children.add(child)
    child.on('exit', () => children.delete(child))
    return child
  }

  try {
    const pki = new Pki(join(folder, 'pki'))
    await pki.createAuthority('herald-test-ca')
    const [servingCertificate, adminCertificate, serviceAccountKeys, ports] = await Promise.all([
      pki.issue({
        name: 'kube-apiserver',
        commonName: 'kube-apiserver',
        dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
        addresses: ['127.0.0.1', '10.96.0.1'],
      }),
      pki.issue({ name: 'admin', commonName: 'admin', groups: ['system:masters'] }),
      pki.createKeyPair('service-accounts'),
      freePorts(3),
    ])
    const [etcdPort, etcdPeerPort, port] = ports as [number, number, number]
    const url = `https://127.0.0.1:${port}`
    const adminToken = randomBytes(16).toString('hex')
    const plainToken = randomBytes(16).toString('hex')
    const tokenFile = join(folder, 'tokens.csv')
    await writeFile(tokenFile, `${adminToken},admin,1,system:masters\n${plainToken},nobody,2\n`, { mode: 0o600 })
    const kubeconfigFile = join(folder, 'kubeconfig')
    await pki.writeKubeconfig({ file: kubeconfigFile, server: url, certificate: adminCertificate })
    const ca = await readFile(pki.caFile)

    await mkdir(join(folder, 'etcd'), { mode: 0o700 })
    await launch(
      etcdCommand({ kubernetes, dataDir: join(folder, 'etcd'), clientPort: etcdPort, peerPort: etcdPeerPort }),
      join(folder, 'etcd.log'),
    )
    const logFile = join(folder, 'kube-apiserver.log')
    const command = apiServerCommand({
      ...{ kubernetes, pki, servingCertificate, serviceAccountKeys, port, tokenFile },
      etcdUrl: `http://127.0.0.1:${etcdPort}`,
      bindAddress: '127.0.0.1',
      advertiseAddress: '192.0.2.10', // the API server refuses to advertise a loopback address; nobody dials this one
      serviceCidrs: ['10.96.0.0/16', '2001:db8:96::/112'],
    })
    let apiServer: ChildProcess
    const launchApiServer = async () => {
      apiServer = await launch(command, logFile)
      try {
        await waitFor(
          async () => {
            if (apiServer.exitCode !== null) return true
            return (await statusCode(`${url}/readyz`, ca, adminToken)) === 200
          },
          { what: 'kube-apiserver to be ready', timeoutMs, everyMs: 50, signal },
        )
        if (apiServer.exitCode !== null) throw new Error(`kube-apiserver ended with exit code ${apiServer.exitCode}`)
      } catch (error) {
        const log = (await readFile(logFile, 'utf8')).split('\n').slice(-15).join('\n')
        throw new Error(`${error instanceof Error ? error.message : error}; the end of its log:\n${log}`)
      }
    }
    await launchApiServer()

    const cache = join(folder, 'kubectl-cache')
    const kubectl = (args: readonly string[], stdin?: string) =>
      run([kubernetes, 'kubectl', `--kubeconfig=${kubeconfigFile}`, `--cache-dir=${cache}`, ...args], {
        input: stdin,
        check: false,
      })
    return {
      ...{ url, port, caFile: pki.caFile, adminToken, plainToken, kubeconfigFile, kubectl, stop },
      async kubectlJson<T>(args: readonly string[], stdin?: string): Promise<T> {
        const result = await kubectl([...args, '--output=json'], stdin)
        if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`)
        return JSON.parse(result.stdout) as T
      },
      pause: () => void apiServer.kill('SIGSTOP'),
      resume: () => void apiServer.kill('SIGCONT'),
      async restart({ downForMs = 0 } = {}) {
        await end(apiServer)
        await new Promise(resolve => setTimeout(resolve, downForMs))
        await launchApiServer()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL') // a graceful stop waits for every watch to end
  await exited
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
      return server
    }),
  )
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

function statusCode(url: string, ca: Buffer, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpsGet(
      url,
      { ca, headers: { authorization: `Bearer ${token}` }, timeout: 1000, agent: false },
      response => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', reject)
  })
}
