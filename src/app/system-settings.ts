import { settingRows } from '../config/setting-rows.ts'
import type { SettingRow } from '../config/setting-rows.ts'
import { withoutSecrets } from './models-shown.ts'
import type { ServiceContext } from './service-context.ts'
import { readSettings } from './settings.ts'

/**
 * Every setting of the server with its origin, for callers that may only read: keys, headers and commands as set or
 * unset, addresses without user and password. Throws `config_invalid`.
 */
export async function shownSettings({ where }: Pick<ServiceContext, 'where'>): Promise<readonly SettingRow[]> {
  const loaded = await readSettings(where)
  const hide = withoutSecrets(loaded)
  return settingRows(loaded).map((row) => {
    if (row.key === 'llm.command') return { ...row, value: row.value === 'unset' ? 'unset' : 'set' }
    return typeof row.value === 'string' ? { ...row, value: hide(row.value) } : row
  })
}
