import type { ErrorEntry } from './error-entry.ts'

/** Failures of code hosts and of git. */
export const forgeErrors = {
  forge_auth_failed: {
    id: 'GL1201',
    exit: 3,
    title: 'the code host does not accept the token, or the token may not do this',
    explanation:
      'The token is missing, wrong, expired or revoked, or lacks a scope or role. Repair needs a personal, project or group token with the scope `api` (and `write_repository` to push) and at least the role Developer. `greenloop repair check` tries each permission.',
  },
  forge_not_found: {
    id: 'GL1202',
    exit: 3,
    title: 'the project, branch or pipeline is not there',
    explanation:
      'It does not exist, or the token may not see it: the host answers both alike. Check the full path with its groups, and that the token belongs to a member. Behind a proxy that decodes `%2F`, allow encoded slashes (`nocanon`) or name the project by its number.',
  },
  forge_rejected: {
    id: 'GL1203',
    exit: 3,
    title: 'the code host does not take the request as it is',
    explanation:
      'The message quotes it: a pipeline description with errors, a branch name that is taken, a merge request without a change. The same request would meet the same answer, so it is not sent again.',
  },
  forge_unavailable: {
    id: 'GL1204',
    exit: 3,
    title: 'the code host does not answer',
    explanation:
      'It could not be reached, broke off, or answered with an error of its own, over all attempts of `retry_max_time`. What was done is on record: `greenloop repair resume ID` goes on where it stood.',
  },
  forge_rate_limited: {
    id: 'GL1205',
    exit: 3,
    title: 'the code host allows no more requests for now',
    explanation:
      'It answered 429 until the attempts or the time of the run were used up. `greenloop repair resume ID` goes on later.',
  },
  forge_garbled: {
    id: 'GL1206',
    exit: 3,
    title: 'the code host talks something that is not its protocol',
    explanation:
      'The answer was not the JSON that was expected. A proxy page or a wrong `gitlab_url` is the usual cause.',
  },
  git_failed: {
    id: 'GL1211',
    exit: 3,
    title: 'git could not do what was asked',
    explanation: 'The message quotes git. Nothing outside the folder `git_work_dir` was changed.',
  },
  git_auth_failed: {
    id: 'GL1212',
    exit: 3,
    title: 'the code host refuses the token for git',
    explanation:
      'The token may use the API but not the repository: it needs the scope `write_repository` (or `api`) and the role Developer, and the branch must not be protected.',
  },
  git_refused: {
    id: 'GL1213',
    exit: 3,
    title: 'a change of the repository was refused',
    explanation:
      'Greenloop pushes to branches below `greenloop/` alone, never by force over the work of others, and touches nothing outside the tree. The message says which rule stood against it.',
  },
  repair_conflict: {
    id: 'GL1221',
    exit: 3,
    title: 'somebody else changed what the run works on',
    explanation:
      'The branch has commits that are not of this run, or its merge request was closed. Nothing of theirs was touched. Start a new run when you are done.',
  },
  ci_failed: {
    id: 'GL1231',
    exit: 3,
    title: 'pipelines cannot be run on this machine',
    explanation:
      'The local forge and the test GitLab run jobs with gitlab-ci-local, which needs bash, git and rsync (`apt-get install rsync`). The message says what is missing.',
  },
} as const satisfies Record<string, ErrorEntry>
