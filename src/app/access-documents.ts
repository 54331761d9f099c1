import type { DocumentStore, StoredDocument } from '../domain/documents.ts'

const pageSize = 500

/** Every document of a kind that has few, by key. */
export async function allDocuments<T>(documents: DocumentStore, kind: string): Promise<readonly StoredDocument<T>[]> {
  const all: StoredDocument<T>[] = []
  for (;;) {
    const page = await documents.list(kind, { limit: pageSize, after: all.at(-1)?.key })
    all.push(...(page as readonly StoredDocument<T>[]))
    if (page.length < pageSize) return all
  }
}
