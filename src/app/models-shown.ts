import type { LoadedSettings } from '../config/settings.ts'
import { redactorOf } from './settings.ts'

/** Gives what takes the secrets of these settings, and the users in addresses, out of a text. */
export function withoutSecrets(loaded: LoadedSettings): (text: string) => string {
  const redactor = redactorOf(loaded)
  return (text) => redactor.text(text).replaceAll(/\/\/[^/@\s]*@/g, '//…@')
}
