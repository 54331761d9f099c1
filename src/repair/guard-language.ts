/** What a file is written in, as far as guards tell it apart. */
export type Language = 'python' | 'script' | 'shell' | 'yaml' | 'prose' | 'json' | 'other'

const languages: Readonly<Record<string, Language>> = {
  py: 'python',
  pyi: 'python',
  pyw: 'python',
  js: 'script',
  mjs: 'script',
  cjs: 'script',
  jsx: 'script',
  ts: 'script',
  mts: 'script',
  cts: 'script',
  tsx: 'script',
  vue: 'script',
  svelte: 'script',
  sh: 'shell',
  bash: 'shell',
  zsh: 'shell',
  ksh: 'shell',
  mk: 'shell',
  yml: 'yaml',
  yaml: 'yaml',
  md: 'prose',
  mdx: 'prose',
  rst: 'prose',
  adoc: 'prose',
  txt: 'prose',
  json: 'json',
}

/** The ending of a file's name, in lower case, without its dot. */
export const endingOf = (path: string): string => /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''

/** What a file is written in, by the ending of its name and, where it has none, by its first line. */
export function languageOf(path: string, text: string): Language {
  const known = languages[endingOf(path)]
  if (known !== undefined) return known
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (/^(?:makefile|gnumakefile|dockerfile|justfile)/i.test(name)) return 'shell'
  const first = /^#!([^\n]{0,200})/.exec(text)?.[1] ?? ''
  if (/\bpython/.test(first)) return 'python'
  if (/\b(?:node|deno|bun|tsx)\b/.test(first)) return 'script'
  return /\b(?:ba|z|k|da)?sh\b/.test(first) ? 'shell' : 'other'
}
