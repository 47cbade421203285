import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { daemon, startDaemon } from '../../../lab/daemons.ts'
import { type TestLab, waitFor } from './lab.ts'

/** A request that changed something, or tried to, as the API server has written it down. */
export interface AuditedWrite {
  /** since 1970 */
  readonly atMs: number
  /** e.g. "system:serviceaccount:herald-system:herald-speaker" */
  readonly user: string
  readonly verb: string
  /** e.g. "leases", "services/status" */
  readonly resource: string
  /** undefined where the server makes it up */
  readonly name?: string
  /** the answer's, of HTTP */
  readonly code?: number
}

/** One line of the log, of the level Metadata: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
interface AuditEvent {
  stageTimestamp: string
  verb: string
  user: { username: string }
  objectRef?: { resource: string; subresource?: string; name?: string }
  responseStatus?: { code?: number }
}

const FLAG = '--audit-'

const policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] }, { level: 'None' }],
}

/**
 * The API server's audit log: every write of everybody, whether it changed anything or not. The server waits for the log before it
 * answers, so that none is missing.
 */
export class AuditLog {
  readonly #lab: TestLab
  readonly #file: string

  private constructor(lab: TestLab, file: string) {
    this.#lab = lab
    this.#file = file
  }

  /** Starts the lab's API server anew, with the log. */
  static async start(lab: TestLab): Promise<AuditLog> {
    const { folder, logFolder } = lab.lab
    const [policyFile, file] = [join(folder, 'audit-policy.json'), join(logFolder, 'audit.log')]
    await rm(file, { force: true })
    await writeFile(policyFile, JSON.stringify(policy))
    await restart(lab, [
      `${FLAG}policy-file=${policyFile}`,
      `${FLAG}log-path=${file}`,
      `${FLAG}log-mode=blocking-strict`,
    ])
    return new AuditLog(lab, file)
  }

  /** All writes from a moment on, in the order of their ends. */
  async writesSince(fromMs: number): Promise<AuditedWrite[]> {
    // The last line may be half written.
    const lines = (await readFile(this.#file, 'utf8')).split('\n').slice(0, -1)
    return lines.map(line => writeOf(JSON.parse(line) as AuditEvent)).filter(({ atMs }) => atMs >= fromMs)
  }

  /** Starts the API server anew, without the log. */
  async stop(): Promise<void> {
    await restart(this.#lab, [])
  }
}

function writeOf({ stageTimestamp, verb, user, objectRef, responseStatus }: AuditEvent): AuditedWrite {
  const { resource = '', subresource, name } = objectRef ?? {}
  return {
    ...{ atMs: Date.parse(stageTimestamp), user: user.username, verb },
    ...{ resource: subresource ? `${resource}/${subresource}` : resource, name, code: responseStatus?.code },
  }
}

async function restart(lab: TestLab, flags: readonly string[]): Promise<void> {
  const name = 'kube-apiserver'
  const command = daemon(lab.lab, name).command.filter(argument => !argument.startsWith(FLAG))
  await lab.stopApiServer()
  startDaemon(lab.lab, name, [...command, ...flags])
  await waitFor(async () => (await lab.kubectl(['get', '--raw', '/readyz'], { check: false })).code === 0, {
    what: `the API server to be ready (its log: ${lab.daemonLog(name)})`,
    timeoutMs: 90_000,
  })
}
