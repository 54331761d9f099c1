import type { DocumentPage, DocumentStore, NewDocument, StoredDocument } from '../domain/documents.ts'
import { GreenloopError } from '../domain/errors.ts'
import { cell, json, numberOf, parse, storable, textOf, whole } from './cells.ts'
import type { Database, Row, Value } from './database.ts'

const alive = '(expires_at is null or expires_at > {now})'
const columns = 'kind, key, value, version, updated_at, expires_at'
/** Over what is there, whatever it is; over what has expired as over nothing. */
const upsert = `insert into main.document as d (${columns}) values (?, ?, ?, 1, {now}, ?)
  on conflict (kind, key) do update set value = excluded.value, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, version = case when d.expires_at <= {now} then 1 else d.version + 1 end`
const update = `update main.document set value = ?, version = version + 1, updated_at = {now}, expires_at = ?
  where kind = ? and key = ? and version = ? and ${alive}`

/** Documents on any database; see {@link DocumentStore}. */
export function createDocumentStore(database: Database): DocumentStore {
  return {
    async get(kind, key) {
      const sql = `select ${columns} from main.document where kind = ? and key = ? and ${alive}`
      const [row] = await database.all(sql, [kind, key])
      return row === undefined ? undefined : documentOf(row)
    },
    put: (document, ifVersion) => putDocument(database, document, ifVersion),
    async remove(kind, key) {
      const sql = `delete from main.document where kind = ? and key = ?
        returning case when ${alive} then 1 else 0 end as was_there`
      const [row] = await database.transaction((inner) => inner.all(sql, [kind, key]), { urgent: true })
      return row?.was_there === 1
    },
    list: (kind, page) => listDocuments(database, kind, page),
    sweep: () =>
      database.transaction((sql) => sql.run('delete from main.document where expires_at <= {now}'), { urgent: true }),
  }
}

async function putDocument(
  database: Database,
  { kind, key, value, expiresAt }: NewDocument,
  ifVersion?: number,
): Promise<StoredDocument> {
  const names = [storable(kind, 'the kind of the document'), storable(key, 'the key of the document')]
  const text = json(value, `the document ${key}`) ?? 'null'
  const expiry = whole(expiresAt)
  const [sql, values]: readonly [string, readonly Value[]] =
    ifVersion === undefined || ifVersion === 0
      ? [`${upsert}${ifVersion === 0 ? ' where d.expires_at <= {now}' : ''}`, [...names, text, expiry]]
      : [update, [text, expiry, ...names, ifVersion]]
  const written = await database.transaction((inner) => inner.all(`${sql} returning ${columns}`, values), {
    urgent: true,
  })
  const [row] = written
  if (row !== undefined) return documentOf(row)
  throw new GreenloopError('version_conflict', `${kind} ${key} is not as it was read`, {
    why: ifVersion === 0 ? 'there is one already' : 'it was changed or removed meanwhile',
  })
}

async function listDocuments(
  database: Database,
  kind: string,
  { limit, order = 'asc', after }: DocumentPage,
): Promise<readonly StoredDocument[]> {
  const behind = after === undefined ? '' : `and key ${order === 'asc' ? '>' : '<'} ?`
  const rows = await database.all(
    `select ${columns} from main.document where kind = ? ${behind} and ${alive} order by key ${order} limit ?`,
    [kind, ...(after === undefined ? [] : [after]), limit],
  )
  return rows.map(documentOf)
}

function documentOf(row: Row): StoredDocument {
  return {
    kind: textOf(row, 'kind'),
    key: textOf(row, 'key'),
    value: parse(textOf(row, 'value')),
    version: numberOf(row, 'version'),
    updatedAt: numberOf(row, 'updated_at'),
    ...cell(row, 'expires_at', { key: 'expiresAt', read: Number }),
  }
}
