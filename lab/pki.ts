import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './process.ts'

export interface CertificateRequest {
  /** File name without extension, e.g. "kube-apiserver". */
  name: string
  /** Common name: for a client certificate the user's name. */
  commonName: string
  /** Organization: for a client certificate the user's groups. */
  groups?: string[]
  /** DNS names and addresses of a server. */
  dnsNames?: string[]
  addresses?: string[]
}

export interface Certificate {
  certFile: string
  keyFile: string
}

/**
 * One certificate authority and what it signed, as files in one folder, made with openssl. Certificates serve as server
 * and as client certificates alike, for ten years: a lab has no renewal.
 */
export class Pki {
  readonly folder: string
  readonly caFile: string
  readonly #caKeyFile: string
  readonly #configFile: string

  constructor(folder: string) {
    this.folder = folder
    this.caFile = join(folder, 'ca.crt')
    this.#caKeyFile = join(folder, 'ca.key')
    this.#configFile = join(folder, 'openssl.cnf')
  }

  async createAuthority(commonName: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    // An own configuration: the system's adds extensions that contradict ours.
    await writeFile(this.#configFile, '[req]\ndistinguished_name = name\n[name]\n')
    await this.#create({ certFile: this.caFile, keyFile: this.#caKeyFile }, `/CN=${commonName}`, [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
    ])
  }

  async issue(request: CertificateRequest): Promise<Certificate> {
    const certificate = this.certificate(request.name)
    const alternativeNames = [
      ...(request.dnsNames ?? []).map(name => `DNS:${name}`),
      ...(request.addresses ?? []).map(address => `IP:${address}`),
    ]
    const extensions = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth,clientAuth']
    if (alternativeNames.length > 0) extensions.push(`subjectAltName=${alternativeNames.join(',')}`)
    const subject = [...(request.groups ?? []).map(group => `/O=${group}`), `/CN=${request.commonName}`].join('')
    await this.#create(certificate, subject, extensions, ['-CA', this.caFile, '-CAkey', this.#caKeyFile])
    return certificate
  }

  /** The files of a certificate that was issued under this name. */
  certificate(name: string): Certificate {
    return { certFile: join(this.folder, `${name}.crt`), keyFile: join(this.folder, `${name}.key`) }
  }

  /** A key pair without certificate: the API server signs service-account tokens with it. */
  async createKeyPair(name: string): Promise<{ privateFile: string; publicFile: string }> {
    const files = { privateFile: join(this.folder, `${name}.key`), publicFile: join(this.folder, `${name}.pub`) }
    await run([
      'openssl',
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-out',
      files.privateFile,
    ])
    await run(['openssl', 'pkey', '-in', files.privateFile, '-pubout', '-out', files.publicFile])
    return files
  }

  /** Writes a kubeconfig for the user that a certificate names, everything embedded, so that it can be copied. */
  async writeKubeconfig(options: {
    file: string
    server: string
    certificate: Certificate
    cluster?: string
  }): Promise<string> {
    const embed = async (file: string) => (await readFile(file)).toString('base64')
    const name = options.cluster ?? 'herald-lab'
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server: options.server, 'certificate-authority-data': await embed(this.caFile) } }],
      users: [
        {
          name,
          user: {
            'client-certificate-data': await embed(options.certificate.certFile),
            'client-key-data': await embed(options.certificate.keyFile),
          },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    }
    await writeFile(options.file, JSON.stringify(config, null, 2), { mode: 0o600 }) // JSON is YAML
    return options.file
  }

  async #create(certificate: Certificate, subject: string, extensions: string[], signer: string[] = []): Promise<void> {
    await run([
      ...['openssl', 'req', '-x509', '-config', this.#configFile, ...signer, '-days', '3650', '-subj', subject],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', certificate.keyFile, '-out', certificate.certFile],
      ...extensions.flatMap(extension => ['-addext', extension]),
    ])
  }
}
