import { spawn } from 'node:child_process'
import type { MigrationCommand } from '../../cli/migration-steps.ts'
import { NotFoundError } from './not-found.ts'

/** How a program ended: its exit code, and what it said. */
export interface CommandResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CommandRunnerInit {
  /** as KUBECONFIG has it */
  kubeconfig?: string
  context?: string
  env: NodeJS.ProcessEnv
}

/** Runs kubectl and helm on the cluster that the command line names. */
export class CommandRunner {
  readonly #init: CommandRunnerInit

  constructor(init: CommandRunnerInit) {
    this.#init = init
  }

  /** @throws NotFoundError when there is no such program */
  async run({ argv, input }: Pick<MigrationCommand, 'argv' | 'input'>): Promise<CommandResult> {
    const { kubeconfig, context, env } = this.#init
    const [program = '', ...args] = argv
    const flags = context ? [`--${program === 'helm' ? 'kube-context' : 'context'}=${context}`] : []
    const child = spawn(program, [...args, ...flags], {
      env: { ...env, ...(kubeconfig && { KUBECONFIG: kubeconfig }) },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    // One that ends without reading says why by itself.
    child.stdin.on('error', () => {}).end(input ? JSON.stringify(input) : '')
    return await new Promise((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'ENOENT' ? new NotFoundError(`there is no ${program} in the PATH`) : error)
      })
      child.on('close', code => resolve({ code: code ?? -1, out, err }))
    })
  }
}
