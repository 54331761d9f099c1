import { defineConfig } from 'vitest/config'

/** Rooms whose tests leave nothing behind in their process: they share workers, which saves the start of one for each file. */
const sharing = [
  ...['combine', 'config', 'domain', 'engine', 'experiment', 'generate', 'lib', 'repair', 'report', 'workflows'].map(
    (room) => `src/${room}/**/*.test.ts`,
  ),
  'web/src/**/*.test.ts',
]

export default defineConfig({
  test: {
    exclude: ['tests/fixtures/**', 'examples/**', 'node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['tests/fixtures/**', 'examples/**', 'node_modules/**', ...sharing],
        },
      },
      { extends: true, test: { name: 'units', include: sharing, isolate: false } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/engine/**'],
      reporter: ['text'],
      thresholds: { lines: 100, branches: 100 },
    },
  },
})
