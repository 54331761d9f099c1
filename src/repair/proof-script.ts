/** Where a job's own folder goes into a variable: known only where it runs. */
const folderName = /\$(?:CI_PROJECT_DIR\b|\{CI_PROJECT_DIR\})/

/** A job's script with what a runner puts before it, and the variables that can be given from outside. */
export function preparedScript(
  script: string,
  variables: Readonly<Record<string, string>>,
): { readonly script: string; readonly env: Readonly<Record<string, string>> } {
  const entries = Object.entries(variables)
  const late = entries.filter(([, value]) => folderName.test(value))
  const exports = late.map(([name, value]) => `export ${name}=${withFolder(value)}`)
  return {
    script: ['set -eo pipefail', 'export CI_PROJECT_DIR="$PWD"', ...exports, script].join('\n'),
    env: Object.fromEntries(entries.filter(([, value]) => !folderName.test(value))),
  }
}

function withFolder(value: string): string {
  return value
    .split(folderName)
    .map((part) => `'${part.replaceAll("'", String.raw`'\''`)}'`)
    .join('"$CI_PROJECT_DIR"')
}
