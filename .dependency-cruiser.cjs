/**
 * The layers of the house (docs/ARCHITECTURE.md): imports point downwards only.
 *
 *   5  e2e  bench  examples
 *   4  apps/platform  apps/registry  apps/cli  apps/web
 *   3  agent  federation  registry-client
 *   2  routing  pubsub  queues  rpc  auth  transport
 *   1  vip  topics  contracts  config  journal  observe
 *      testkit stands aside: it may see layers 1 to 3, only tests and benchmarks see it
 *
 * Sister packages are followed to their sources (the `@volttron/source` export condition), so nothing needs to be built.
 */
const { existsSync, readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const layer1 = ['vip', 'topics', 'contracts', 'config', 'journal', 'observe']
const layer2 = ['routing', 'pubsub', 'queues', 'rpc', 'auth', 'transport']
const layer3 = ['agent', 'federation', 'registry-client']

const packages = (names) => `^packages/(${names.join('|')})/`
const tests = '\\.test\\.ts$|\\.contract\\.ts$|^(packages|apps)/[^/]+/test/|^e2e/'
const external = (names) => `(^|/)node_modules/(${names.join('|')})/`

/** A package of this layer may import itself and `below`, no other package of ours. */
const downwards = (name, layer, below, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^packages/(${layer.join('|')})/`, pathNot: tests },
  to: { path: '^packages/', pathNot: ['^packages/$1/', packages(below)] },
})

/** Modules at the rim of an otherwise pure package, which carry out what its core decides. */
const rims = ['^packages/auth/src/file-', '^packages/federation/src/adapters/']

/** One rule a workspace: Turborepo builds in the order of what package.json declares, so every sister stands there. */
const declaredSisters = ['packages', 'apps']
  .flatMap((folder) => readdirSync(join(__dirname, folder)).map((name) => `${folder}/${name}`))
  .filter((workspace) => existsSync(join(__dirname, workspace, 'package.json')))
  .map((workspace) => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(__dirname, workspace, 'package.json'), 'utf8'),
    )
    const declared = Object.keys({ ...dependencies, ...devDependencies })
      .filter((name) => name.startsWith('@volttron/'))
      .map((name) => `^(packages|apps)/${name.slice('@volttron/'.length)}/`)
    return {
      name: `sisters-are-declared (${workspace}/package.json)`,
      severity: 'error',
      from: { path: `^${workspace}/` },
      to: { path: '^(packages|apps)/', pathNot: [`^${workspace}/`, ...declared] },
    }
  })

module.exports = {
  forbidden: [
    ...declaredSisters,
    downwards(
      'layer-1-is-the-ground',
      layer1,
      ['vip'],
      'Layer 1 imports nothing of ours but the words of packages/vip.',
    ),
    {
      name: 'vip-and-topics-stand-alone',
      comment: 'packages/vip and packages/topics import nothing of ours at all.',
      severity: 'error',
      from: { path: '^packages/(vip|topics)/src/', pathNot: tests },
      to: { path: '^packages/', pathNot: '^packages/$1/' },
    },
    downwards(
      'layer-2-never-meets-itself',
      layer2,
      layer1,
      'Layer 2 imports layer 1 only: auth, routing and pubsub meet in apps/platform/src/router and nowhere else.',
    ),
    downwards(
      'layer-3-imports-downwards',
      layer3,
      [...layer1, ...layer2, 'registry-client'],
      'Layer 3 imports layers 1 and 2; registry-client is the one sister that others of the layer may use.',
    ),
    {
      name: 'packages-never-import-upwards',
      comment: 'Nothing in packages/ knows an application, an example, a benchmark or an end-to-end test.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(apps|e2e|bench|examples)/' },
    },
    {
      name: 'apps-never-import-each-other',
      comment: 'Applications talk over the wire. What two of them need is a package. Tests may start another one.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: tests },
      to: { path: '^(apps|e2e|bench|examples)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'examples-use-the-public-sdk',
      comment: 'An example shows what an author may import: @volttron/agent.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(packages|apps|bench|e2e)/', pathNot: '^packages/agent/src/index\\.ts$' },
    },
    {
      name: 'only-transport-imports-zeromq',
      comment:
        'ZeroMQ sockets live in packages/transport; everybody else sees its connections. One file of the benchmark stands ' +
        'for a Python agent: it must not share the code that it measures.',
      severity: 'error',
      from: { pathNot: ['^packages/transport/', '^bench/src/clients/classic-socket\\.ts$'] },
      to: { path: external(['zeromq']) },
    },
    {
      name: 'cores-are-pure',
      comment: 'Time, randomness, network and disk come into a core as ports, so that it runs in a simulation too.',
      severity: 'error',
      from: {
        path: packages(['vip', 'topics', 'pubsub', 'routing', 'queues', 'rpc', 'auth', 'federation']),
        pathNot: [tests, ...rims],
      },
      to: {
        path: [
          '^(node:)?(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|timers)(/promises)?$',
          external(['zeromq', 'express', 'pino', 'undici', 'write-file-atomic']),
        ],
      },
    },
    {
      name: 'testkit-is-for-tests',
      comment: 'Fault injection and virtual clocks never ship. Benchmarks start their processes with it.',
      severity: 'error',
      from: { pathNot: [tests, '^packages/testkit/', '^bench/'] },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'testkit-stays-below-apps',
      severity: 'error',
      from: { path: '^packages/testkit/' },
      to: { path: '^(apps|e2e|bench|examples)/' },
    },
    {
      name: 'sources-never-import-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'no-circular-imports',
      comment: 'Two files that need each other are one concept, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'imports-are-declared',
      comment:
        'What production code imports stands in the package.json of its workspace; test tools stand in the root.',
      severity: 'error',
      from: { path: '^(packages|apps|examples|bench)/', pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg'] },
    },
    {
      name: 'production-code-ships-with-its-imports',
      comment: 'A development dependency is not installed in production.',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/', pathNot: [tests, '^packages/testkit/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
  ],
  options: {
    parser: 'swc',
    exclude: { path: '(^|/)(dist|generated|coverage|\\.turbo)/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@volttron/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
