/** Variables that a process of tests gets from ours; everything else, keys above all, stays here. */
const passed = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  'PYTHONPATH',
  'PYTHONHOME',
  'NODE_PATH',
  'LD_LIBRARY_PATH',
  'BASE_URL',
  'CI',
  'TRACEPARENT',
  'TRACESTATE',
  'SystemRoot',
] as const

/** The environment that processes of tests start from: an allow-list, so that no secret of ours gets to them. */
export function testEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = [...passed, ...Object.keys(env).filter((name) => name.startsWith('LC_'))]
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
