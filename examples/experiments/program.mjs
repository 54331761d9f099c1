// From a plan to a verdict in a program of one's own: the workflow is a function here, so that no server is needed.
//   node program.mjs
import { fileURLToPath } from 'node:url'
import { buildManifests, compareVariants, executeManifest, generateCases, loadPlan } from 'greenloop'
import { answer } from './workflow-server.mjs'

const plan = await loadPlan(fileURLToPath(new URL('test_plan.yaml', import.meta.url)))
const manifests = buildManifests(plan, await generateCases(plan))
const stop = new AbortController()
process.once('SIGINT', () => stop.abort(new Error('asked to end')))
const results = await executeManifest(manifests, {
  signal: stop.signal,
  execute: ({ id, inputs, prompt }) => {
    const { answer: text, tokens } = answer({ ...inputs, prompt })
    const usage = { prompt_tokens: tokens.input, completion_tokens: tokens.output }
    return { workflow_run_id: id, status: 'succeeded', outputs: { text }, usage }
  },
})
const { findings, winners } = compareVariants(results, { gates: ['careful > plain'] })
console.log(`${results.length} trials, winner ${winners['order-reply'] ?? 'none'}`)
for (const finding of findings.slice(0, 4)) console.log(finding)
