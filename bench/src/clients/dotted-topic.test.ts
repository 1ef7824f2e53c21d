import { describe, expect, it } from '@jest/globals'
import { dottedTopics } from './dotted-topic.ts'

describe('dottedTopics', () => {
  it('sets levels apart by dots, whichever topic was asked for before', () => {
    const dotted = dottedTopics()
    expect(['a/b/c', 'a/b/c', 'd', 'a/b/c', ''].map(dotted)).toEqual(['a.b.c', 'a.b.c', 'd', 'a.b.c', ''])
  })
})
