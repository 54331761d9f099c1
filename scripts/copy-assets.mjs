// Copies what the compiler does not: templates, plugins, page assets.
import { cpSync } from 'node:fs'

for (const folder of [
  'generate/templates',
  'runners/plugins',
  'report/html',
  'experiment/html',
  'experiment/python',
  'repair/templates',
  'client/proto',
]) {
  cpSync(`src/${folder}`, `dist/${folder}`, { recursive: true })
}
