import { compilePath, compileSchema } from './check-json.ts'
import { createMemo } from './check-memo.ts'
import type { Compiled } from './check-parts.ts'
import { boundedRegex } from './check-regex.ts'

/** Filled checks differ from row to row, so that more than this is not worth keeping. */
const kept = 500

/** Compiles patterns, schemas and paths, each once. */
export function createCompiled(): Compiled {
  const regex = createMemo(kept, (key) => {
    const cut = key.indexOf('/')
    return boundedRegex(key.slice(cut + 1), key.slice(0, cut))
  })
  const schema = createMemo(kept, (key) => compileSchema(JSON.parse(key) as Record<string, unknown> | boolean))
  return {
    regex: (pattern, flags) => regex(`${flags}/${pattern}`),
    schema: (value) => schema(JSON.stringify(value)),
    path: createMemo(kept, compilePath),
  }
}
