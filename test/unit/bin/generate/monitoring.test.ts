import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { dashboard } from '../../../../src/bin/generate/dashboard.ts'
import { describeMetrics, metricsPage } from '../../../../src/bin/generate/metrics-reference.ts'

const { controller, speaker } = describeMetrics()
const all = [...controller, ...speaker]
const served = new Map(all.map(metric => [metric.name, metric]))

interface Panel {
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string; legendFormat: string }[]
}
const { panels } = dashboard() as { panels: Panel[] }
const drawn = panels.filter(({ type }) => type !== 'row')

/** The names of metrics in a query; those that a histogram adds stand for the histogram. */
function named(text: string): string[] {
  return [...text.matchAll(/\b(?:herald|process)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  )
}

describe('what monitoring asks for', () => {
  it('is served: every metric of the dashboard', () => {
    const asked = drawn.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => named(expr)))
    assert.ok(asked.length > 20)
    assert.deepEqual(
      asked.filter(name => !served.has(name)),
      [],
    )
  })

  it('is served: every metric of the alerts', () => {
    const file = resolve(import.meta.dirname, '../../../../charts/herald/templates/monitoring/prometheus-rule.yaml')
    const text = readFileSync(file, 'utf8')
      .replaceAll('{{ $prefix }}', 'herald')
      .replaceAll('_{{ $family }}_', '_ipv4_')
    const asked = named(text)
    assert.ok(asked.length > 12)
    assert.deepEqual(
      asked.filter(name => !served.has(name)),
      [],
    )
  })

  it('is drawn without overlap, each panel with its words', () => {
    const taken = new Set<string>()
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(x < 24 && !taken.has(`${x}/${y}`), `${title} at ${x}/${y}`)
          taken.add(`${x}/${y}`)
        }
      }
    }
    for (const { title, targets = [] } of drawn) assert.ok(targets.length > 0, title)
  })

  it('uses labels in legends that the query leaves', () => {
    for (const { title, targets = [] } of drawn) {
      for (const { expr, legendFormat } of targets) {
        const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/, */))
        const wanted = [...legendFormat.matchAll(/{{(\w+)}}/g)].map(([, label = '']) => label)
        for (const label of wanted.filter(name => name !== 'pod'))
          assert.ok(grouped.includes(label), `${title}: ${label}`)
      }
    }
  })
})

describe('the page of metrics', () => {
  it('lists every metric once for the process that serves it, with what it tells', () => {
    const page = metricsPage({ controller, speaker })
    for (const { name, help } of all) {
      assert.ok(page.includes(`| \`${name}\` |`), name)
      assert.ok(help.length > 5, name)
    }
    assert.match(page, /herald_bgp_session_up` \| gauge \| peer, vrf \|/)
    assert.equal(page.split('`process_cpu_seconds_total`').length, 2)
  })

  it('knows the metrics under the names of MetalLB', () => {
    const { controller: renamed } = describeMetrics('metallb')
    assert.ok(renamed.some(({ name }) => name === 'metallb_allocator_addresses_in_use_total'))
    assert.ok(renamed.every(({ name }) => !name.startsWith('herald_')))
  })
})
