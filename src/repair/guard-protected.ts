import type { GuardRules } from '../domain/repair-config.ts'
import type { GuardCode } from '../domain/repair.ts'
import { globMatcher } from '../lib/glob.ts'
import type { PathMatcher } from '../lib/glob.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)
/** Names without a slash mean files at any depth. */
const anywhere = (globs: readonly string[]): string[] =>
  globs.map((glob) => (glob.replace(/\/$/, '').includes('/') ? glob : `**/${glob}`))
const matcher = (text: string): PathMatcher => globMatcher(anywhere(words(text)))

const tests = `
  test*/ __tests__/ __test__/ __mocks__/ __snapshots__/ snapshots/ spec/ specs/ testdata/ fixtures/ __fixtures__/ e2e/ cypress/ golden/
  test tests runtests* run-tests* run_tests* *_test.* *-test.* *_tests.* test_*.* test.* tests.* test-*.* *.spec.* *.test.* *_spec.* *-spec.* *.tests.* *.e2e.* *.cy.* *.feature
  *.snap *.golden *.approved.* conftest.py pytest.ini .pytest.ini tox.ini noxfile.py
  __tests__.* __test__.* *.test-d.* setup-tests.* setuptests.* mocks/ expected/ junit*.xml pytest_*.py pytest_*/ pytest.toml .pytest.toml tox.toml
  pytest.py pytest/ _pytest/ unittest.py unittest/ pluggy/ doctest.py
  vitest.* vitest-*.* jest.* jest-*.* playwright.* karma.* cypress.* .mocharc* mocha.opts .taprc ava.config.* wdio.* phpunit.xml* .rspec nightwatch.*`
/** Case counts here: \`LoginTest.java\` is a test, \`Latest.java\` is not. */
const testClass =
  /(?:^|\/)(?:Test[A-Z]\w*|\w*(?:Test|Tests|TestCase|Spec|IT))\.(?:java|kt|kts|scala|groovy|cs|fs|vb|swift|php|m|mm|dart)$/

const pipeline = `
  .gitlab-ci.* gitlab-ci.y*ml ci.y*ml .ci.y*ml *.gitlab-ci.yml *.gitlab-ci.yaml .gitlab/ .github/ .circleci/ .buildkite/ .teamcity/ ci/ .ci/ Jenkinsfile* azure-pipelines*
  .travis.* bitbucket-pipelines.* .drone.* .woodpecker* appveyor.* .cirrus.* buildspec.*`

const settings = `
  package.json tsconfig*.json jsconfig*.json deno.json* bunfig.toml .npmrc .yarnrc* .pnpmfile.* pnpm-workspace.yaml lerna.json nx.json turbo.json
  .eslintrc* eslint.config.* .eslintignore .oxlintrc* oxlint.config.* .oxfmtrc* biome.json* .prettierrc* prettier.config.* .prettierignore .stylelintrc*
  stylelint.config.* tslint.json .nycrc* nyc.config.* .c8rc* .swcrc .babelrc* babel.config.* vite.config.* webpack.config.* rollup.config.*
  knip.* .knip.* commitlint.* .lintstagedrc* tsup.config.* esbuild.config.* next.config.* nuxt.config.* svelte.config.* angular.json
  pyproject.toml setup.cfg setup.py requirements*.txt constraints*.txt Pipfile environment.yml .flake8 .pylintrc pylintrc mypy.ini .mypy.ini
  ruff.toml .ruff.toml pyrightconfig.json .coveragerc .bandit .pydocstyle .yapfrc .style.yapf .isort.cfg sitecustomize.py usercustomize.py *.pth
  uv.toml pip.conf pip.ini hatch.toml pdm.toml *.egg-info/ *.dist-info/ entry_points.txt *.pyc *.pyo __pycache__/ *.so *.pyd *.dll *.dylib .yarn/ .pnp.*
  Makefile makefile GNUmakefile *.mk justfile .justfile Taskfile.* CMakeLists.txt *.cmake meson.build BUILD BUILD.bazel WORKSPACE *.bzl SConstruct
  Rakefile Gemfile *.gemspec .rubocop* Cargo.toml clippy.toml .clippy.toml rustfmt.toml .rustfmt.toml build.rs .cargo/ go.mod go.work .golangci.*
  pom.xml build.gradle* settings.gradle* gradle.properties gradle/ gradlew* mvnw* .mvn/ checkstyle*.xml pmd*.xml spotbugs*.xml detekt*.yml
  composer.json phpstan.* psalm.xml phpcs.xml* .php-cs-fixer* *.csproj *.fsproj *.sln *.slnx Directory.Build.* global.json nuget.config
  mix.exs stack.yaml *.cabal pubspec.yaml analysis_options.yaml Package.swift codecov.* .codecov.* sonar-project.properties .coveralls.yml
  Dockerfile* *.dockerfile Containerfile* docker-compose* compose.yml compose.yaml .dockerignore .editorconfig .env .env.* .envrc .tool-versions
  .mise.toml mise.toml .nvmrc .node-version .python-version .ruby-version .devcontainer/ .vscode/ .idea/ .pre-commit-config.* lefthook.*
  .shellcheckrc .yamllint* .hadolint* .markdownlint* .trivyignore .snyk .semgrep* .semgrepignore node_modules/ site-packages/ .venv/ renovate.json* .renovaterc* .greenloop/`

const locks = `
  *.lock package-lock.json npm-shrinkwrap.json pnpm-lock.yaml bun.lockb go.sum go.work.sum packages.lock.json gradle.lockfile *.lockfile
  Package.resolved deno.lock mix.lock`

const git = '.git* .git*/ **/CODEOWNERS .gitlab/CODEOWNERS .githooks/ githooks/ .husky/ .mailmap'

interface Family {
  readonly code: GuardCode
  readonly match: PathMatcher
}

const lowered = (text: string): PathMatcher => matcher(text.toLowerCase())
const isTest = lowered(tests)
const families: readonly Family[] = [
  { code: 'protected_git', match: lowered('CODEOWNERS .gitlab/CODEOWNERS') },
  { code: 'protected_ci', match: lowered(pipeline) },
  { code: 'protected_git', match: lowered(git) },
  { code: 'protected_lock', match: lowered(locks) },
  { code: 'protected_settings', match: lowered(settings) },
]

/** A path as file systems may see it: without case, compatibility forms, unseen characters, and dots or spaces that end a name. */
export const foldPath = (path: string): string =>
  path
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .split('/')
    .map((name) => name.replace(/(?<=[^. ])[. ]+$/, ''))
    .join('/')

/** Whether a path is a test, its data or its settings, whatever the configuration opens. */
export const isTestPath = (path: string): boolean => isTest(foldPath(path)) || testClass.test(path)

/** Whether a path leads into git's own folder, however it is spelled. */
const isGitFolder = (path: string): boolean => /(?:^|\/)(?:\.git|git~\d{1,3})(?:\/|$)/.test(path)

/**
 * Why a path is protected, or nothing. Globs of `rules.deny` win over everything, names without a slash at any depth; globs of
 * `rules.allow` open what is protected by default, with case as written and from the root on unless they begin with `**`. Git's own folder
 * is never opened.
 */
export function isProtected(path: string, rules: GuardRules, ciPaths: readonly string[]): GuardCode | undefined {
  const folded = foldPath(path)
  if (isGitFolder(folded)) return 'protected_git'
  if (globMatcher(anywhere(rules.deny.map(foldGlob)))(folded)) return 'denied'
  if (globMatcher(rules.allow)(path)) return undefined
  if (isPipelineFile(folded, ciPaths)) return 'protected_ci'
  const family = families.find(({ match }) => match(folded))
  return family?.code ?? (isTestPath(path) ? 'protected_test' : undefined)
}

/** Local includes may hold wildcards. */
const isPipelineFile = (folded: string, ciPaths: readonly string[]): boolean => {
  const paths = ciPaths.map((path) => foldPath(path.replace(/^\.?\/+/, '')))
  return paths.includes(folded) || globMatcher(paths)(folded)
}

const foldGlob = (glob: string): string => glob.normalize('NFKC').toLowerCase()
