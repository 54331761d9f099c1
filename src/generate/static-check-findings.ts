import type { ScriptFinding } from '../domain/generation.ts'
import type { SyntaxNode } from '../lib/syntax.ts'

/** A finding at the first line of a node. */
export function finding(
  node: SyntaxNode,
  [severity, kind]: readonly [ScriptFinding['severity'], string],
  { message, test }: { readonly message: string; readonly test?: string | undefined },
): ScriptFinding {
  return { severity, kind, message, line: node.startPosition.row + 1, test }
}

/** Hosts that a test may name: this machine, and those that are reserved for examples. */
const ownHost =
  /^(?:localhost|127\.|0\.0\.0\.0|\[?::1|(?:[\w-]+\.)*(?:example|test|invalid|localhost)(?::|$)|(?:[\w-]+\.)*example\.(?:com|org|net))/i

/** The foreign host that the arguments of a call name, if there is one. */
export function foreignHost(text: string): string | undefined {
  const host = /["'`]https?:\/\/([^/"'`\s?#]+)/i.exec(text)?.[1]
  return host === undefined || host.includes('{') || ownHost.test(host) ? undefined : host
}

/** Names that occur more than once, each with its later occurrences. */
export function repeated<T>(list: readonly T[], nameOf: (item: T) => string): T[] {
  const seen = new Set<string>()
  return list.filter((item) => {
    const name = nameOf(item)
    const again = seen.has(name)
    seen.add(name)
    return again
  })
}
