import type { ErrorEntry } from './error-entry.ts'

/** Failures around the store of runs. */
export const storeErrors = {
  store_unavailable: {
    id: 'GL1001',
    exit: 3,
    title: 'the store of runs cannot be used',
    explanation:
      'The database could not be opened, reached or written: the folder is read-only, another program holds a lock for longer than 5 seconds, the server does not answer. The message names it. `greenloop store check` looks at it again; nothing in it was changed.',
  },
  store_corrupt: {
    id: 'GL1002',
    exit: 3,
    title: 'the store of runs is damaged',
    explanation:
      'The file is not a database, or pages of it were overwritten. Greenloop never deletes it. `greenloop store restore FILE` puts a backup in its place and keeps the damaged file beside it; without a backup, move the file away and a new store is made.',
  },
  store_newer: {
    id: 'GL1003',
    exit: 3,
    title: 'the store of runs was written by a newer version',
    explanation:
      'Its tables are of a version that this Greenloop does not know, so nothing is written. Update Greenloop, or name another store with --store.',
  },
  store_full: {
    id: 'GL1004',
    exit: 3,
    title: 'the disk of the store is full',
    explanation:
      'What was acknowledged before is safe and can be read. Make room (`greenloop runs prune`, the artifacts folder), then `greenloop runs resume ID` goes on where the run stood.',
  },
  run_unknown: {
    id: 'GL1005',
    exit: 2,
    title: 'there is no such run in the store',
    explanation:
      '`greenloop runs list` shows the runs that are there; the beginning of an id is enough where it is unique.',
  },
  run_conflict: {
    id: 'GL1006',
    exit: 3,
    title: 'the run is not in a state that allows this',
    explanation:
      'It is over, or another process works on it, or its id is taken by a run with another input. `greenloop runs show ID` tells which.',
  },
  lease_lost: {
    id: 'GL1007',
    exit: 3,
    title: 'another process has taken over the run',
    explanation:
      'This process was silent for longer than its lease, so another one went on with the run. What was recorded before counts; nothing was recorded twice.',
  },
} as const satisfies Record<string, ErrorEntry>
