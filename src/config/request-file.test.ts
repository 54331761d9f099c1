import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { loadRequest, type RequestLayers } from './request-file.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-request-'))
  await mkdir(join(root, 'requests'))
  await mkdir(join(root, 'tests'))
  await writeFile(join(root, 'tests', 'test_a.py'), '')
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function load(content: unknown, layers: Partial<RequestLayers> = {}) {
  await writeFile(join(root, 'requests', 'r.json'), JSON.stringify(content, null, 1))
  return loadRequest('requests/r.json', { cwd: root, ...layers })
}

async function failure(content: unknown, layers: Partial<RequestLayers> = {}): Promise<GreenloopError> {
  const error: unknown = await load(content, layers).catch((reason: unknown) => reason)
  if (error instanceof GreenloopError) return error
  throw new Error('a GreenloopError was expected', { cause: error })
}

describe('loading an execution request', () => {
  it('fills every default', async () => {
    const { request, warnings } = await load({ tests: ['x.py'] })
    expect(request).toMatchObject({
      framework: 'pytest',
      retries: 0,
      workers: 1,
      coverage: false,
      cwd: join(root, 'requests'),
    })
    expect(warnings).toEqual([])
  })

  it('maps the names that people use', async () => {
    const { request } = await load({
      framework: 'pytest',
      test_paths: 'a.py',
      pytest_args: '-q -x',
      environment: { PORT: 80, DEBUG: true },
      max_retries: 2,
      timeout: 30,
      per_test_timeout: 5,
      parallel: true,
      coverage: { source: 'calc', branch: false },
      working_dir: '..',
      run_id: 'r-1',
    })
    expect(request).toMatchObject({
      tests: ['a.py'],
      args: ['-q', '-x'],
      env: { PORT: '80', DEBUG: 'true' },
      retries: 2,
      timeoutSeconds: 30,
      testTimeoutSeconds: 5,
      workers: 'auto',
      coverage: { sources: ['calc'], branches: false },
      cwd: root,
      runId: 'r-1',
    })
  })

  it('reads every form of coverage and of workers', async () => {
    const forms = [true, 'calc', ['a', 'b'], false, { enabled: false }, { enabled: true, source: ['a'] }]
    const read = await Promise.all(
      forms.map(async (coverage, index) => {
        const path = join(root, 'requests', `c${index}.json`)
        await writeFile(path, JSON.stringify({ coverage }))
        return (await loadRequest(path, { cwd: root })).request.coverage
      }),
    )
    expect(read).toEqual([
      { sources: [], branches: true },
      { sources: ['calc'], branches: true },
      { sources: ['a', 'b'], branches: true },
      false,
      false,
      { sources: ['a'], branches: true },
    ])
    expect((await load({ n: 4 })).request.workers).toBe(4)
    expect((await load({ max_workers: 'auto' })).request.workers).toBe('auto')
    expect((await load({ parallelism: false })).request.workers).toBe(1)
  })

  it('takes the working folder of the command when the tests are there and not beside the request', async () => {
    const { request, warnings } = await load({ tests: ['tests/test_a.py::test_one'] })
    expect(request.cwd).toBe(root)
    expect(warnings).toMatchObject([{ help: 'write "cwd": ".."', place: { line: 2 } }])
    expect((await load({ tests: ['tests/test_a.py'], cwd: '.' })).request.cwd).toBe(join(root, 'requests'))
    expect((await load({ tests: ['tests/missing.py'] })).request.cwd).toBe(join(root, 'requests'))
  })

  it('resolves an executable beside the request, but not a bare name', async () => {
    expect((await load({ executable: '../.venv/bin/python' })).request.executable).toBe(
      join(root, '.venv', 'bin', 'python'),
    )
    expect((await load({ python: 'python3' })).request.executable).toBe('python3')
  })

  it('puts settings behind the file and the command line before it', async () => {
    const layers = { defaults: { workers: 2, retries: 1 }, overrides: { retries: 3 } }
    expect((await load({ workers: 5 }, layers)).request).toMatchObject({ workers: 5, retries: 3 })
    expect((await load({}, layers)).request.workers).toBe(2)
    expect(await failure({}, { overrides: { retries: 99 } })).toMatchObject({ code: 'usage_invalid' })
  })

  it('lists every mistake with its line', async () => {
    const error = await failure({ framework: 'pitest', max_retrys: 1, timeout: '5', env: { 'A-B': 'x' } })
    expect(error.code).toBe('request_invalid')
    expect(error.problems.map(({ message, place, help }) => `${place?.line}: ${message} ${help ?? ''}`)).toEqual([
      '2: `framework` must be `pytest`, `vitest` or `node`, not "pitest"; did you mean `pytest`? ',
      '3: unknown key `max_retrys` did you mean `max_retries`?',
      '4: `timeout` must be a number, not "5" ',
      '6: `A-B` cannot be used as a key in `env` ',
    ])
  })
})
