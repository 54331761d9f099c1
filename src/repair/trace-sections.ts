/** What a trace says where. */
export interface TraceParts {
  /** Output that the failure is looked for in. */
  readonly text: string
  /** What stands outside of every section, at the end: the trailer. */
  readonly trailer: string
}

interface Marker {
  readonly kind: string
  readonly name: string
  readonly from: number
  readonly to: number
}

const stamp = /(^|\r?\n)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z ([0-9a-f]{2}[OE])([ +])/g
const marker =
  /section_(start|end):\d{1,20}:([\w.-]{1,100})(?:\[[^\]\r\n]{0,200}\])?(?:\r(?:\x1b\[0K)?|(?=[\n\x1b])|$)/g

/** A marker whose end was lost where the trace was copied. */
const openMarker = /section_(?:start|end):\d{1,20}:[\w.-]{1,100}(?:\[[^\]\r\n]{0,60}\])?$/

const scriptSections = new Set(['step_script', 'build_script', 'step_release'])
/** Sections that a runner makes by itself; all others are a program's own and belong to what is around them. */
const otherSections = new Set([
  'resolve_secrets',
  'prepare_executor',
  'prepare_script',
  'get_sources',
  'restore_cache',
  'download_artifacts',
  'after_script',
  'archive_cache',
  'archive_cache_on_failure',
  'upload_artifacts_on_success',
  'upload_artifacts_on_failure',
  'cleanup_file_variables',
])
/** A runner comes to these only when the script has succeeded; the failure is here, then. */
const afterSuccess = new Set(['archive_cache', 'upload_artifacts_on_success'])
const scriptReasons = new Set(['script_failure', 'job_execution_timeout', 'unknown_failure'])

/**
 * The trace without the time and stream in front of each line that newer runners write. A `+` goes on with what the same
 * stream wrote last, which may stand further above.
 */
export function withoutStamps(trace: string): string {
  if (!/\dZ [0-9a-f]{2}[OE][ +]/.test(trace.slice(0, 4_000))) return trace
  let last = ''
  return trace.replaceAll(stamp, (...found: readonly unknown[]) => {
    const [, feed, stream, sign, at] = found as readonly [string, string, string, string, number]
    const isSame = stream === last
    last = stream
    if (sign !== '+' || !isSame || feed === '') return feed
    return feed.startsWith('\r') || openMarker.test(trace.slice(Math.max(0, at - 200), at)) ? '\r' : ''
  })
}

/**
 * The part of a trace that the failure stands in: the script, both `before_script` and `script`, unless `failureReason` or
 * the sections that follow say that it succeeded. What a program prints as a section of the runner inside of the script
 * changes nothing: the script goes from its first start to its last end.
 */
export function relevantParts(trace: string, failureReason: string | undefined): TraceParts {
  const text = withoutStamps(trace)
  const markers = [...text.matchAll(marker)].map((match): Marker => ({
    kind: match[1] ?? '',
    name: match[2] ?? '',
    from: match.index,
    to: match.index + match[0].length,
  }))
  const script = scriptOf(markers, text.length)
  if (script === undefined) return { text: without(text, markers, ['after_script']), trailer: '' }
  const rest = markers.filter(({ from }) => from >= script.to)
  const elsewhere = failureReason !== undefined && !scriptReasons.has(failureReason)
  if (elsewhere) return { text: without(text, markers, []), trailer: '' }
  const uploads = rest.some(({ kind, name }) => kind === 'start' && afterSuccess.has(name))
  const dropped = [...otherSections].filter((name) => !(uploads && afterSuccess.has(name)))
  return {
    text: bare(text.slice(script.from, script.to)),
    trailer: without(text.slice(script.to), shifted(rest, script.to), dropped),
  }
}

function scriptOf(markers: readonly Marker[], end: number): { readonly from: number; readonly to: number } | undefined {
  const isScript = (kind: string) => (each: Marker) => each.kind === kind && scriptSections.has(each.name)
  const start = markers.find(isScript('start'))
  if (start === undefined) return undefined
  const last = markers.findLast((each) => isScript('end')(each) && each.from >= start.to)
  if (last !== undefined) return { from: start.to, to: last.from }
  const after = markers.findLast(
    (each) => each.kind === 'start' && each.name === 'after_script' && each.from >= start.to,
  )
  return { from: start.to, to: after?.from ?? end }
}

const shifted = (markers: readonly Marker[], by: number): Marker[] =>
  markers.map((each) => ({ ...each, from: each.from - by, to: each.to - by }))

/** A text without the sections named, and without all markers. A section that is never closed ends where the next begins. */
function without(text: string, markers: readonly Marker[], dropped: readonly string[]): string {
  const kept: string[] = []
  let at = 0
  let inside: string | undefined
  for (const each of markers) {
    if (!otherSections.has(each.name) && !scriptSections.has(each.name)) continue
    if (inside === undefined || !dropped.includes(inside)) kept.push(text.slice(at, each.from))
    at = each.to
    inside = each.kind === 'start' ? each.name : undefined
  }
  if (inside === undefined || !dropped.includes(inside)) kept.push(text.slice(at))
  return bare(kept.join('\n'))
}

const bare = (text: string): string => (text.includes('section_') ? text.replaceAll(marker, '\r') : text)
