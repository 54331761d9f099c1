/** Something small that a server keeps: a token, a secret, a webhook. */
export interface StoredDocument<T = unknown> {
  readonly kind: string
  readonly key: string
  readonly value: T
  /** Counts the writings, from 1. */
  readonly version: number
  /** Epoch milliseconds. */
  readonly updatedAt: number
  /** From then on it is as if it were not there. */
  readonly expiresAt?: number | undefined
}

/** A document as it is handed in. */
export interface NewDocument {
  readonly kind: string
  readonly key: string
  /** JSON. */
  readonly value: unknown
  readonly expiresAt?: number | undefined
}

/** A page of documents of one kind, by key. */
export interface DocumentPage {
  readonly limit: number
  readonly order?: 'asc' | 'desc' | undefined
  /** Key of the last one of the page before. */
  readonly after?: string | undefined
}

/** Where a server keeps what is no run: small, by kind and key, shared by all servers of one store. */
export interface DocumentStore {
  get(kind: string, key: string): Promise<StoredDocument | undefined>
  /**
   * Writes one. With `ifVersion` only over that version, 0 meaning that there must be none (an expired one counts as none);
   * throws `version_conflict` otherwise.
   */
  put(document: NewDocument, ifVersion?: number): Promise<StoredDocument>
  /** Removes one; gives whether it was there. */
  remove(kind: string, key: string): Promise<boolean>
  list(kind: string, page: DocumentPage): Promise<readonly StoredDocument[]>
  /** Removes what has expired; gives how many. */
  sweep(): Promise<number>
}
