import type { BatchRow, News, NewsRequest } from '../engine.ts'

/** News and the numbers of batches, as the scripts write them. */

const TOPICS = { b: 'batch', j: 'job' } as const

export const newsMember = (news: NewsRequest['after']): string =>
  news === null ? '' : news.topic.charAt(0) + news.id

export const toNews = (flat: readonly string[]): News[] => {
  const news: News[] = []
  for (let at = 0; at < flat.length; at += 2) {
    const member = flat[at] as string
    news.push({
      topic: TOPICS[member.charAt(0) as 'b' | 'j'],
      id: member.slice(1),
      seq: Number(flat[at + 1]),
    })
  }
  return news
}

export const toBatches = (texts: readonly string[]): (BatchRow | null)[] =>
  texts.map((text) => {
    if (text === '') return null
    const [unfinished = 0, completed = 0, cancelled = 0, dead = 0, removed = 0] = text.split(' ').map(Number)
    return { unfinished, completed, cancelled, dead, removed }
  })
