import type { Runner } from '../domain/ports.ts'
import type { Framework } from '../domain/suite.ts'
import { createNodeRunner } from './node-test.ts'
import { createPytestRunner } from './pytest.ts'
import { createVitestRunner } from './vitest.ts'

/** Every framework that can be run; a new one is a line here. */
export const runners = {
  pytest: createPytestRunner,
  vitest: createVitestRunner,
  node: createNodeRunner,
} satisfies Record<Framework, () => Runner>
