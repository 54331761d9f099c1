import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { buildManifests, compareVariants, executeManifest, generateCases, loadPlan } from '../../src/index.ts'
import { root, temporary } from './cli.ts'

const examples = join(root, 'examples', 'experiments')

describe('examples/experiments/program.mjs', () => {
  it('goes from a plan to the better variant in a project that has Greenloop installed', async () => {
    await using project = await temporary()
    const place = join(project.path, 'node_modules', 'greenloop')
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }))
    await writeFile(join(place, 'index.js'), `export * from '${pathToFileURL(join(root, 'src', 'index.ts')).href}'\n`)
    await cp(examples, project.path, { recursive: true })
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: project.path })
    const [first, ...findings] = stdout.trimEnd().split('\n')
    expect(first).toBe('144 trials, winner careful')
    expect(findings[0]).toBe('careful wins: it is better than the other variant')
    expect(findings[1]).toMatch(
      /^careful is better than plain in pass_rate: \+0\.\d+, 9\d\.?\d* % interval 0\.\d+ to 0\.\d+/,
    )
  })

  it('is about twenty lines', async () => {
    const lines = (await readFile(join(examples, 'program.mjs'), 'utf8')).trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(26)
  })
})

describe('executeManifest', () => {
  const manifestsOf = async () => {
    const plan = await loadPlan(join(examples, 'test_plan.yaml'))
    return buildManifests(plan, await generateCases(plan))
  }
  const reply = { workflow_run_id: 'r', status: 'succeeded', outputs: { text: 'A-1001' } }

  it('gives results in the order of the manifests, so that the first variant is the baseline', async () => {
    const manifests = await manifestsOf()
    const seen: string[] = []
    const onResult = ({ variantId }: { readonly variantId: string }): void => void seen.push(variantId)
    const results = await executeManifest(manifests, { execute: () => reply, onResult })
    expect(new Set(seen.slice(0, 20)).size).toBe(2)
    const turns = results.filter(({ variantId }, index) => variantId !== results[index - 1]?.variantId)
    expect(turns.map(({ variantId }) => variantId)).toEqual(['plain', 'careful'])
    expect(compareVariants(results).baseline).toBe('plain')
  })

  it('ends soon after an abort, with what was not tried cancelled and not failed', async () => {
    const manifests = await manifestsOf()
    const stop = new AbortController()
    let calls = 0
    const results = await executeManifest(manifests, {
      signal: stop.signal,
      execute: () => {
        calls++
        if (calls < 30) return reply
        stop.abort(new Error('that is enough'))
        return new Promise(() => {})
      },
    })
    const trials = manifests.reduce((sum, { cases, repeats }) => sum + cases.length * repeats, 0)
    const statuses = Map.groupBy(results, ({ status }) => status)
    expect([...statuses.keys()].toSorted()).toEqual(['cancelled', 'succeeded'])
    expect(calls).toBeLessThan(60)
    expect(results.length).toBeLessThanOrEqual(trials)
    const { summaries } = compareVariants(results)
    const scored = summaries.reduce((sum, summary) => sum + summary.scored, 0)
    expect(scored).toBe(statuses.get('succeeded')?.length)
  })
})
