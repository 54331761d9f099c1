/** A file that a trace names, as it is written there but for its prefix. */
export interface SourceMention {
  readonly path: string
  readonly line?: number | undefined
}

const extensions =
  'py|pyi|jsx?|tsx?|mjs|cjs|mts|cts|vue|svelte|go|java|kt|scala|groovy|rb|php|rs|c|cc|cpp|h|hpp|cs|swift|json|ya?ml|toml|xml|gradle|cfg|ini|sh|sql|html|css|scss|proto|mod|txt'
const quoted = /File "([^"\n]{1,300})", line (\d{1,7})/g
const frame =
  /\bat (?:[\w.$@/-]{0,40}\/)?([\w.$]{1,300})\.[\w$<>]{1,100}\((\w{1,100}\.(?:java|kt|scala|groovy)):(\d{1,7})\)/g
// Begins where no character of a path stands before, so that each run of such characters is read once.
const named = new RegExp(
  String.raw`(?<![\w./\\@+~-])((?:[A-Za-z]:[\\/])?[\w./\\@+~-]{1,300}\.(?:${extensions}))(?![\w-])(?::\[?(\d{1,7})|\((\d{1,7}),\d|", line (\d{1,7})|:? line (\d{1,7}))?`,
  'g',
)
const foreign =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|\.venv|venv|\.m2|\.cargo|\.pnpm|internal)\/|^\/(?:usr|opt|lib|root\/\.)|^node:/

/** The files that a line names, in its order, those of libraries left out. */
export function mentionsOf(line: string): SourceMention[] {
  const found: SourceMention[] = []
  const add = (path: string, at: string | undefined): void => {
    const clean = path
      .replaceAll('\\', '/')
      .replace(/^(?:file:)?\/{2,}/, '/')
      .replace(/^(?:\.\/)+/, '')
    if (foreign.test(clean) || /^\/*$/.test(clean)) return
    found.push({ path: clean, ...(at !== undefined && { line: Number(at) }) })
  }
  if (!line.includes('.')) return found
  const short = line.slice(0, 1_000)
  for (const match of short.matchAll(quoted)) add(match[1] ?? '', match[2])
  for (const match of short.matchAll(frame)) {
    const folders = (match[1] ?? '').split('.').slice(0, -1).join('/')
    add(folders === '' ? (match[2] ?? '') : `${folders}/${match[2]}`, match[3])
  }
  if (found.length > 0) return found
  for (const match of short.matchAll(named)) add(match[1] ?? '', match[2] ?? match[3] ?? match[4] ?? match[5])
  return found
}
