import type { Runner } from '../domain/ports.ts'
import type { Framework } from '../domain/suite.ts'
import { createNodeRunner } from './node-test.ts'
import { createPytestRunner } from './pytest.ts'
import { createVitestRunner } from './vitest.ts'

/** How each framework's runner is made; a runner remembers what it found, so one is enough for a command. */
export const runners = {
  pytest: createPytestRunner,
  vitest: createVitestRunner,
  node: createNodeRunner,
} satisfies Record<Framework, () => Runner>
