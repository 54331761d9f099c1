import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readFile, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attempt, coverage, execution, failure, nastyExecution, testResult } from '../../tests/fixtures/executions.ts'
import { canParseXml } from '../../tests/fixtures/xml.ts'
import { createRedactor } from '../lib/redact.ts'
import { createBundle } from './bundle.ts'
import { writeReports, writeTexts } from './write.ts'

const redactor = createRedactor([])
let folder = ''
let runDir = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-report-'))
  runDir = join(folder, 'run-1')
  await mkdir(runDir)
})
afterEach(async () => {
  await chmod(runDir, 0o755)
  await rm(folder, { recursive: true })
})

const readZip = `
import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
json.dump({i.filename: [i.date_time[0], z.read(i).decode("utf8", "replace")] for i in z.infolist()}, sys.stdout)
`
function unzip(path: string): Record<string, [year: number, text: string]> {
  return JSON.parse(execFileSync('python3', ['-c', readZip, path], { maxBuffer: 1 << 26 }).toString())
}

describe('writeReports', () => {
  it('writes every report and says where it is', async () => {
    const { paths, summary: returned } = await writeReports(execution({ coverage: coverage() }), { runDir, redactor })
    const names = ['bench.json', 'bundle.zip', 'codequality.json', 'coverage.xml', 'digest.md', 'junit.xml']
    names.push('report.html', 'report.json', 'summary.json')
    expect(Object.keys(paths).sort()).toEqual(names)
    expect((await readdir(runDir)).sort()).toEqual(names)
    const summary = JSON.parse(await readFile(join(runDir, 'summary.json'), 'utf8'))
    expect(Object.keys(summary.artifacts)).toEqual(names)
    expect(returned).toEqual(summary)
  })

  it('leaves coverage.xml out and says so when coverage was asked for and not measured', async () => {
    const { paths } = await writeReports(execution(), { runDir, redactor, coverageRequested: true })
    expect(paths).not.toHaveProperty('coverage.xml')
    const summary = JSON.parse(await readFile(join(runDir, 'summary.json'), 'utf8'))
    expect(summary.problems).toMatchObject([{ kind: 'note', message: expect.stringContaining('not measured') }])
    expect(summary).not.toHaveProperty('coverage')
  })

  it.skipIf(!canParseXml)('packs all that lies in the folder, logs too, with a manifest of hashes', async () => {
    await writeFile(join(runDir, 'pytest_stdout.log'), 'hello\n')
    await symlink('/etc/passwd', join(runDir, 'stolen'))
    await writeReports(execution(), { runDir, redactor, texts: { 'prompt.md': 'Write tests.' } })
    const files = unzip(join(runDir, 'bundle.zip'))
    expect(Object.keys(files)).toEqual([
      'bench.json',
      'codequality.json',
      'digest.md',
      'junit.xml',
      'prompt.md',
      'pytest_stdout.log',
      'report.html',
      'report.json',
      'summary.json',
      'manifest.json',
    ])
    const manifest = JSON.parse(files['manifest.json']?.[1] ?? '')
    expect(manifest.files).toHaveLength(9)
    expect(manifest.files[5]).toEqual({
      path: 'pytest_stdout.log',
      size: 6,
      sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
    })
    expect(new Set(Object.values(files).map(([year]) => year))).toEqual(new Set([1980]))
  })

  it('points latest to the newest run and replaces the pointer, never what it points to', async () => {
    await writeReports(execution(), { runDir, redactor })
    const second = join(folder, 'run-2')
    await mkdir(second)
    await writeReports(execution(), { runDir: second, redactor })
    expect(await readlink(join(folder, 'latest'))).toBe('run-2')
    expect(await readdir(runDir)).toContain('report.json')
    expect((await readdir(folder)).sort()).toEqual(['latest', 'run-1', 'run-2'])
  })

  it('writes latest.txt where something of the name latest is in the way', async () => {
    await mkdir(join(folder, 'latest'))
    await writeReports(execution(), { runDir, redactor })
    expect(await readFile(join(folder, 'latest.txt'), 'utf8')).toBe('run-1\n')
    expect((await lstat(join(folder, 'latest'))).isDirectory()).toBe(true)
  })

  it('refuses a folder that holds a report already', async () => {
    await writeFile(join(runDir, 'report.json'), 'mine')
    await expect(writeReports(execution(), { runDir, redactor })).rejects.toMatchObject({ code: 'artifact_failed' })
    expect(await readFile(join(runDir, 'report.json'), 'utf8')).toBe('mine')
  })

  it('says what mends it when the folder is missing', async () => {
    const failed = writeReports(execution(), { runDir: join(folder, 'no'), redactor })
    await expect(failed).rejects.toMatchObject({ code: 'artifact_failed', help: expect.stringContaining('gone') })
  })

  it('leaves nothing half-written on a disk that is full', async ({ skip }) => {
    const script = ['mount -t tmpfs -o size=48k none "$1" || exit 99', 'shift; exec "$@"'].join('\n')
    const program = `
      const [file, fixtures, redact] = process.argv.slice(1)
      const { writeReports } = await import(file)
      const { execution } = await import(fixtures)
      const { createRedactor } = await import(redact)
      const { readdirSync } = await import('node:fs')
      const error = await writeReports(execution(), { runDir: process.cwd(), redactor: createRedactor([]) }).catch((e) => e)
      console.log(JSON.stringify({ code: error.code, help: error.help, left: readdirSync('.') }))`
    const modules = ['./write.ts', '../../tests/fixtures/executions.ts', '../lib/redact.ts'].map((name) =>
      import.meta.resolve(name),
    )
    const inner = `cd "${runDir}" && exec "$@"`
    const args = [
      '-rm',
      'sh',
      '-c',
      script,
      'sh',
      runDir,
      'sh',
      '-c',
      inner,
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      program,
      ...modules,
    ]
    let output = ''
    try {
      output = execFileSync('unshare', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    } catch {
      console.log('skipped: a full disk needs a mount in a user namespace (unshare -rm)')
      skip()
    }
    expect(JSON.parse(output)).toEqual({
      code: 'artifact_failed',
      help: expect.stringContaining('make room'),
      left: [],
    })
  })

  it('lets no secret out, in whatever form and wherever it stood', async () => {
    const secret = 'c4nary-"v<lue>/x'
    const forms = [
      secret,
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('hex'),
      encodeURIComponent(secret),
    ]
    const text = forms.join(' ')
    const broken = failure({ type: text, message: text, trace: text, expected: text, actual: text })
    const tests = [
      testResult(text, 'failed', {
        id: `a::${text}`,
        attempts: [attempt('failed', { failure: broken, stdout: text, stderr: text })],
      }),
    ]
    const problems = [{ kind: 'internal_error', message: text, failure: broken }] as const
    await writeFile(join(runDir, 'pytest.log'), `${text}\nkept`)
    await writeReports(execution({ tests, problems, environment: { [text]: text } }), {
      runDir,
      redactor: createRedactor([secret]),
      texts: { 'prompt.md': text },
    })
    const files = await Promise.all((await readdir(runDir)).map((name) => readFile(join(runDir, name), 'utf8')))
    for (const file of files) for (const form of [...forms, 'c4nary']) expect(file).not.toContain(form)
    expect(await readFile(join(runDir, 'pytest.log'), 'utf8')).toMatch(/kept$/)
  })

  it('keeps its own words when a secret happens to be one of them', async () => {
    const secrets = ['passed', 'failed', 'tests', 'outcome', 'pytest', 'collection', 'standard']
    await writeReports(execution(), { runDir, redactor: createRedactor(secrets) })
    const summary = JSON.parse(await readFile(join(runDir, 'summary.json'), 'utf8'))
    expect(summary).toMatchObject({ verdict: 'failed', summary: { total: 8, failed: 4, flaky: 1 } })
  })

  it('writes whatever the tests print', async () => {
    await writeReports(nastyExecution(), { runDir, redactor })
    expect(JSON.parse(await readFile(join(runDir, 'report.json'), 'utf8')).results.tests).toHaveLength(3)
  })
})

describe('writeTexts', () => {
  it('writes scripts that still work, without real secrets, and leaves the folder free for reports', async () => {
    const code = 'login(password="Corr3ct-horse", key="abcd-1234")\n'
    const paths = await writeTexts({ 'test_a.py': code }, { runDir, redactor: createRedactor(['abcd-1234']) })
    expect(paths).toEqual({ 'test_a.py': join(runDir, 'test_a.py') })
    expect(await readFile(join(runDir, 'test_a.py'), 'utf8')).toBe(
      'login(password="Corr3ct-horse", key="[redacted]")\n',
    )
    const { paths: reports } = await writeReports(execution(), { runDir, redactor })
    expect(reports).toHaveProperty('report.json')
  })
})

describe('createBundle', () => {
  it('gives the same bytes for the same files, in whatever order they are named', async () => {
    for (const name of ['a.txt', 'b.txt']) await writeFile(join(runDir, name), name)
    const [one, two] = [await createBundle(runDir, ['b.txt', 'a.txt']), await createBundle(runDir, ['a.txt', 'b.txt'])]
    expect(one.equals(two)).toBe(true)
  })

  it.skipIf(!canParseXml)(
    'leaves out links, pipes, large files and paths that lead elsewhere, and says so',
    async () => {
      await writeFile(join(runDir, 'big'), 'x'.repeat(100))
      await writeFile(join(runDir, 'small'), 'x')
      await symlink('small', join(runDir, 'link'))
      execFileSync('mkfifo', [join(runDir, 'pipe')])
      const paths = ['big', 'small', 'link', 'pipe', '../outside', '/etc/passwd']
      const bundle = await createBundle(runDir, paths, { maxFileBytes: 50, maxTotalBytes: 1000 })
      await writeFile(join(folder, 'x.zip'), bundle)
      const files = unzip(join(folder, 'x.zip'))
      expect(Object.keys(files)).toEqual(['small', 'manifest.json'])
      expect(JSON.parse(files['manifest.json']?.[1] ?? '').omitted.map((each: { path: string }) => each.path)).toEqual([
        '../outside',
        '/etc/passwd',
        'big',
        'link',
        'pipe',
      ])
    },
  )
})
