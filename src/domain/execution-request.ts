import { z } from 'zod'
import { frameworks } from './suite.ts'

const text = z.string().trim().min(1)
const seconds = z.number().positive().max(604_800)
const mebibytes = z.int().min(1).max(1_048_576)

const coverageSchema = z
  .strictObject({
    sources: z.array(text).default([]).describe('Packages or folders to measure; empty measures the working folder.'),
    branches: z.boolean().default(true).describe('Whether branches are measured besides lines.'),
  })
  .describe('What is measured.')

/** An execution request as written in a file, after aliases are mapped, and as used inside, with every default filled. */
export const executionRequestSchema = z
  .strictObject({
    $schema: z.string().optional(),
    framework: z.enum(frameworks).default('pytest'),
    tests: z
      .array(text)
      .default([])
      .describe('Files, folders or ids of tests, relative to `cwd`; empty leaves the choice to the framework.'),
    args: z.array(z.string()).default([]).describe('Further arguments for the framework.'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
      .default({})
      .describe('Environment variables added to the basic ones.'),
    cwd: text.default('.').describe('Working folder of the tests, relative to the request file.'),
    retries: z.int().min(0).max(20).default(0).describe('New attempts for a test that did not pass.'),
    timeoutSeconds: seconds.default(1800).describe('Limit of the whole run.'),
    testTimeoutSeconds: seconds.default(60).describe('Limit of one attempt at one test.'),
    workers: z
      .union([z.int().min(1).max(256), z.literal('auto')])
      .default(1)
      .describe('Processes side by side; `auto` takes the number of processors.'),
    distribution: z
      .enum(['auto', 'shards', 'xdist'])
      .default('auto')
      .describe('Whether Greenloop divides the tests (shards) or the framework does (xdist).'),
    coverage: z
      .union([z.literal(false), coverageSchema])
      .default(false)
      .describe('`false`, or what is measured.'),
    benchmark: z.boolean().default(false).describe('Whether benchmarks are run and kept; they run one by one.'),
    network: z.boolean().default(false).describe('Whether tests in a sandbox may use the network.'),
    executable: text
      .optional()
      .describe('Interpreter or framework executable, instead of the one that would be found.'),
    sandbox: z
      .enum(['required', 'auto', 'off'])
      .optional()
      .describe('Protection; the setting decides where it is absent.'),
    maxMemoryMb: mebibytes.default(2048).describe('Memory of the processes in a sandbox, in MiB.'),
    maxOutputMb: mebibytes.default(16).describe('Standard output and error kept of each process, in MiB each.'),
    runId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
      .optional()
      .describe('Name of the run and of its folder of artifacts; made up where it is absent.'),
  })
  .describe('An execution request.')

/** An execution request with every default filled. */
export type ExecutionRequest = z.output<typeof executionRequestSchema>
