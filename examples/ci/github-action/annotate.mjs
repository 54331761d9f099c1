// Prints each failure as an annotation of its line.
import { readFileSync } from 'node:fs'
import { argv } from 'node:process'

/** What stands in a property or a message must not end it. */
const escape = (text) => String(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text) => escape(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

const { failures } = JSON.parse(readFileSync(argv[2], 'utf8'))
for (const { file, line = 1, name, type, message } of failures) {
  console.log(`::error file=${property(file)},line=${line},title=${property(name)}::${escape(`${type}: ${message}`)}`)
}
