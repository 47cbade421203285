import assert from 'node:assert/strict'
import { runCli } from '../../../src/bin/cli/run.ts'
import type { TestLab } from './lab.ts'

export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `kubectl herald` for a lab's administrator. */
export async function heraldCli(lab: TestLab, ...args: string[]): Promise<CliResult> {
  let [out, err] = ['', '']
  const code = await runCli(args, {
    env: { KUBECONFIG: lab.kubeconfigFile },
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    isTerminal: false,
    now: () => new Date(),
  })
  return { code, out, err }
}

/** What a command reports, as a script gets it. */
export async function heraldReport<T>(lab: TestLab, ...args: string[]): Promise<T> {
  const { out, err } = await heraldCli(lab, ...args, '-o', 'json')
  assert.equal(err, '')
  return JSON.parse(out) as T
}
