import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../io/clock.ts'

/** What TLS to the API server needs; a new object each time that something in it changed. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** Where the API server is, and who we are. */
export interface Credentials {
  /** `https://host:port`, perhaps with a path before `/api` */
  readonly server: URL
  /** the namespace of the service account, or of the kubeconfig's context */
  readonly namespace: string | undefined
  tls(): Promise<TlsOptions>
  /** value of the Authorization header; undefined when the client certificate says who we are */
  authorization(): Promise<string | undefined>
  /** The server refused what was presented: read it again at the next use. */
  expire(): void
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'
// The kubelet renews a token long before it expires (20 % of its life left, at least): a look each minute is early enough.
const rereadAfterMs = 60_000

/** A file whose content may be replaced while we run; read again each minute and after expire(). */
class RotatingFile {
  readonly #clock: Clock
  readonly #path: string
  #content: string | undefined
  #readAtMs = 0

  constructor({ clock }: { clock: Clock }, { path }: { path: string }) {
    this.#clock = clock
    this.#path = path
  }

  async read(): Promise<string> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#content !== undefined && nowMs - this.#readAtMs < rereadAfterMs) return this.#content
    try {
      this.#content = (await readFile(this.#path, 'utf8')).trim()
      this.#readAtMs = nowMs
    } catch (error) {
      // The old content may still serve; the server decides.
      if (this.#content === undefined)
        throw new Error(`cannot read ${this.#path}: ${messageOf(error)}`, { cause: error })
    }
    return this.#content
  }

  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY
  }
}

interface SourcesInit {
  server: URL
  namespace: string | undefined
  /** each either inline or a file that may rotate */
  ca?: string | RotatingFile
  cert?: string | RotatingFile
  key?: string | RotatingFile
  token?: string | RotatingFile
  /** `user:password` */
  basic?: string
  servername?: string
  insecure?: boolean
}

class SourcedCredentials implements Credentials {
  readonly server: URL
  readonly namespace: string | undefined
  readonly #init: SourcesInit
  #tls: TlsOptions = {}

  constructor(init: SourcesInit) {
    this.server = init.server
    this.namespace = init.namespace
    this.#init = init
  }

  async tls(): Promise<TlsOptions> {
    const { ca, cert, key, servername, insecure } = this.#init
    const [caText, certText, keyText] = [await contentOf(ca), await contentOf(cert), await contentOf(key)]
    if (
      caText !== this.#tls.ca ||
      certText !== this.#tls.cert ||
      keyText !== this.#tls.key ||
      this.#tls.servername !== servername
    ) {
      this.#tls = {
        ...(caText !== undefined && { ca: caText }),
        ...(certText !== undefined && { cert: certText }),
        ...(keyText !== undefined && { key: keyText }),
        ...(servername !== undefined && { servername }),
        ...(insecure && { rejectUnauthorized: false }),
      }
    }
    return this.#tls
  }

  async authorization(): Promise<string | undefined> {
    const token = await contentOf(this.#init.token)
    if (token) return `Bearer ${token}`
    return this.#init.basic === undefined ? undefined : `Basic ${Buffer.from(this.#init.basic).toString('base64')}`
  }

  expire(): void {
    const { ca, cert, key, token } = this.#init
    for (const source of [ca, cert, key, token]) if (source instanceof RotatingFile) source.expire()
  }
}

async function contentOf(source: string | RotatingFile | undefined): Promise<string | undefined> {
  return source instanceof RotatingFile ? source.read() : source
}

export interface CredentialsComponents {
  clock: Clock
}

export interface InClusterInit {
  env?: Readonly<Record<string, string | undefined>>
  /** folder with token, ca.crt and namespace */
  folder?: string
}

/** The credentials of the pod's service account. Throws, with the reason, when this is not a pod. */
export async function inClusterCredentials(
  { clock }: CredentialsComponents,
  init: InClusterInit = {},
): Promise<Credentials> {
  const { env = process.env, folder = serviceAccountFolder } = init
  const host = env.KUBERNETES_SERVICE_HOST
  if (!host) throw new Error('not in a pod (KUBERNETES_SERVICE_HOST is not set): name a file with --kubeconfig')
  const port = env.KUBERNETES_SERVICE_PORT_HTTPS ?? env.KUBERNETES_SERVICE_PORT ?? '443'
  const file = (name: string): RotatingFile => new RotatingFile({ clock }, { path: resolve(folder, name) })
  const token = file('token')
  const ca = file('ca.crt')
  await Promise.all([token.read(), ca.read()])
  const namespace = (await readFile(resolve(folder, 'namespace'), 'utf8').catch(() => '')).trim() || undefined
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  return new SourcedCredentials({ server, namespace, ca, token })
}

interface Kubeconfig {
  'current-context'?: string
  contexts?: { name?: string; context?: { cluster?: string; user?: string; namespace?: string } }[]
  clusters?: { name?: string; cluster?: Record<string, unknown> }[]
  users?: { name?: string; user?: Record<string, unknown> }[]
}

/**
 * The credentials of a kubeconfig's current context: client certificate, token, token file, or name and password. Login
 * programs (`exec`, `auth-provider`) are not run: Herald's processes belong in pods, and a kubeconfig serves tests and debugging.
 */
export async function kubeconfigCredentials(
  { clock }: CredentialsComponents,
  { path }: { path: string },
): Promise<Credentials> {
  const fail = (problem: string): never => {
    throw new Error(`kubeconfig ${path}: ${problem}`)
  }
  const text = await readFile(path, 'utf8').catch(error => fail(messageOf(error)))
  // Loaded here alone, so that a process in a pod never pays for it.
  const { parse } = await import('yaml')
  const config = (parse(text) ?? {}) as Kubeconfig
  const contextName = config['current-context'] || fail('current-context is not set')
  const context =
    config.contexts?.find(({ name }) => name === contextName)?.context ?? fail(`no context "${contextName}"`)
  const cluster =
    config.clusters?.find(({ name }) => name === context.cluster)?.cluster ?? fail(`no cluster "${context.cluster}"`)
  const user = config.users?.find(({ name }) => name === context.user)?.user ?? {}
  for (const method of ['exec', 'auth-provider']) {
    if (user[method])
      fail(`user "${context.user}" logs in by ${method}, which is not supported: use a token or a client certificate`)
  }

  const read = (
    from: Record<string, unknown>,
    inline: string,
    fileField: string,
  ): string | RotatingFile | undefined => {
    if (inline && from[inline]) return Buffer.from(String(from[inline]), 'base64').toString('utf8')
    if (from[fileField]) return new RotatingFile({ clock }, { path: resolve(dirname(path), String(from[fileField])) })
    return undefined
  }
  const server =
    URL.parse(String(cluster.server)) ?? fail(`cluster "${context.cluster}": server is not a URL: ${cluster.server}`)
  if (!/^https?:$/.test(server.protocol))
    fail(`cluster "${context.cluster}": server must begin with https:// or http://`)
  const ownToken = user.token ? String(user.token) : undefined
  return new SourcedCredentials({
    server,
    namespace: context.namespace,
    ca: read(cluster, 'certificate-authority-data', 'certificate-authority'),
    cert: read(user, 'client-certificate-data', 'client-certificate'),
    key: read(user, 'client-key-data', 'client-key'),
    // a token file wins over a token, as in kubectl
    token: read(user, '', 'tokenFile') ?? ownToken,
    ...(user.username ? { basic: `${user.username}:${user.password ?? ''}` } : {}),
    ...(cluster['tls-server-name'] ? { servername: String(cluster['tls-server-name']) } : {}),
    insecure: cluster['insecure-skip-tls-verify'] === true,
  })
}

/** The kubeconfig named, else the pod's service account. */
export function loadCredentials(
  components: CredentialsComponents,
  { kubeconfig }: { kubeconfig?: string } = {},
): Promise<Credentials> {
  return kubeconfig ? kubeconfigCredentials(components, { path: kubeconfig }) : inClusterCredentials(components)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
