/** Methods of peers as text, in the layout of Python's `vctl rpc`. */
import { printable } from '../output/printable.ts'
import type { DescribedMethods, MethodDescription, MethodsOfPeer } from './inspection.ts'

/** The peer, and each method on a line of its own behind a tab. */
export const describePeers = (peers: MethodsOfPeer): string =>
  Object.entries(peers)
    .flatMap(([peer, methods]) => [printable(peer), ...methods.map((method) => `\t${printable(method)}`)])
    .join('\n')

/** Methods with their parameters, and with what they are for when `isVerbose`. */
export const describeMethods = (peers: DescribedMethods, isVerbose: boolean): string =>
  Object.entries(peers)
    .flatMap(([peer, methods]) => [
      printable(peer),
      ...Object.entries(methods).flatMap(([method, description]) => methodLines(method, description, isVerbose)),
    ])
    .join('\n')

function methodLines(method: string, { params = {}, doc }: MethodDescription, isVerbose: boolean): string[] {
  const documentation = (doc || 'No documentation for this method.').trim().split('\n')
  return [
    `\t${printable(method)}`,
    ...(isVerbose ? ['\tDocumentation:', ...documentation.map((line) => `\t\t${printable(line.trim())}`), ''] : []),
    '\tParameters:',
    ...Object.entries(params).flatMap(([name, parameter]) => [
      `\t\t${printable(name)}:`,
      `\t\t\t${printable(parameter)}`,
    ]),
  ]
}

/** The line an author writes to call each method: in a Python agent, or in one of ours. */
export const describeCode = (peers: DescribedMethods, language: 'python' | 'typescript'): string =>
  Object.entries(peers)
    .flatMap(([peer, methods]) =>
      Object.entries(methods).map(([method, { params = {} }]) => {
        const words = [`'${printable(peer)}'`, `'${printable(method)}'`, ...Object.keys(params).map(printable)]
        const call = `vip.rpc.call(${words.join(', ')})`
        return language === 'python' ? `self.${call}.get()` : `await agent.${call}`
      }),
    )
    .join('\n')
