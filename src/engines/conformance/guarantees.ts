/** What an engine promises, and which cases of the suite prove it: the rows of the table in docs/guarantees.md. */
export interface Guarantee {
  readonly name: string
  /** The promises of docs/reliability.md that rest on it. */
  readonly promises: readonly string[]
  readonly means: string
  /** Which cases prove it: all of a subject, or those whose sentence has one of the words. The first row that fits counts. */
  readonly provedBy: readonly (readonly [subject: string, words?: RegExp])[]
}

export const GUARANTEES: readonly Guarantee[] = [
  {
    name: 'Whole adds',
    promises: ['I1'],
    means:
      'A call of any number of jobs is stored whole or not at all, and may be repeated with the same ids.',
    provedBy: [['Adding jobs']],
  },
  {
    name: 'Text fidelity',
    promises: ['I16'],
    means:
      'Payloads and all other text come back byte for byte; what a store could not keep is refused by all.',
    provedBy: [['Fidelity']],
  },
  {
    name: 'Unique keys',
    promises: ['I9'],
    means: 'One unfinished job holds a key, whoever adds at the same time; it is free when the job ends.',
    provedBy: [['Unique keys']],
  },
  {
    name: 'Holding a key',
    promises: ['I9'],
    means:
      'A key is held until the start, the end or a time, as asked for, and passes to the one job that it is meant for.',
    provedBy: [['Holding a key']],
  },
  {
    name: 'Inserting on a condition',
    promises: ['I7', 'I9'],
    means: 'Jobs, documents and changes of other jobs are written together, or none of them.',
    provedBy: [['Inserting on a condition']],
  },
  {
    name: 'Jobs that depend on jobs',
    promises: ['I11'],
    means:
      'The end of every parent is told to those who wait for it, whenever they came, and stays told until it is dealt with.',
    provedBy: [['Jobs that depend on jobs']],
  },
  {
    name: 'Numbers of batches',
    promises: ['I8'],
    means:
      'How many jobs of a batch are on their way and what became of the others is exact at every moment.',
    provedBy: [['Numbers of batches']],
  },
  {
    name: 'Jobs that are overdue',
    promises: ['I15'],
    means: 'A job that had to start by a time and did not is found from that time on.',
    provedBy: [['Jobs that are overdue']],
  },
  {
    name: 'Poison alone',
    promises: ['I5', 'I6'],
    means:
      'A job suspected of killing its workers is handed out alone, is charged alone, and is given up in the end.',
    provedBy: [
      ['Claiming', /solo/],
      ['Rescue and requests to cancel', /takes its workers down|before it started/],
    ],
  },
  {
    name: 'One live lease',
    promises: ['I2'],
    means: 'Of many that claim at once, no two get the same job and none is lost.',
    provedBy: [['Claiming', /no two get|under a new fence|is not claimed/]],
  },
  {
    name: 'Order of claims',
    promises: ['I13'],
    means: 'By priority, due time and id, over the queues and tasks that the worker serves.',
    provedBy: [['Claiming']],
  },
  {
    name: 'Fences everywhere',
    promises: ['I3'],
    means: 'A worker that lost its lease changes nothing with any call, and is told so.',
    provedBy: [['Leases']],
  },
  {
    name: 'Cancel',
    promises: ['I23'],
    means: 'A request reaches the worker that holds the job, and an end that gives way to it is refused.',
    provedBy: [['Rescue and requests to cancel', /cancel/]],
  },
  {
    name: 'Rescue',
    promises: ['I4'],
    means: 'Jobs of dead workers are found by the end of their lease, and run again once.',
    provedBy: [['Rescue and requests to cancel']],
  },
  {
    name: 'One end',
    promises: ['I7'],
    means: 'A run ends once; jobs and documents written with its end are written with it or not at all.',
    provedBy: [['Settling']],
  },
  {
    name: 'Legal transitions',
    promises: ['I8'],
    means: 'Every event in every state does what the table of states says, and nothing else.',
    provedBy: [['Events and states']],
  },
  {
    name: 'Due times',
    promises: ['I15'],
    means: 'Nothing starts before its time by the store’s clock, which does not go back.',
    provedBy: [['Time']],
  },
  {
    name: 'Operators’ changes',
    promises: ['I7'],
    means: 'Retry, cancel and remove are carried out on the job that was looked at, or refused.',
    provedBy: [['Changes by operators']],
  },
  {
    name: 'Progress, checkpoints, logs',
    promises: ['I3'],
    means: 'Kept under the fence, in order, each line once.',
    provedBy: [['Progress, checkpoints and logs']],
  },
  {
    name: 'Exact counts',
    promises: ['I8'],
    means: 'Counts equal a full scan at every moment, also in a crowd.',
    provedBy: [['Queues and counts', /count/]],
  },
  {
    name: 'Pause',
    promises: ['I23'],
    means: 'After a pause is answered, no claim takes a job from the queue.',
    provedBy: [['Queues and counts']],
  },
  {
    name: 'Lists and search',
    promises: ['I19'],
    means: 'Filters find exactly what fits, page by page, within a bounded look.',
    provedBy: [['Lists']],
  },
  {
    name: 'Bounded history',
    promises: ['I19'],
    means: 'Finished jobs go by age and number, never a live one or a young one.',
    provedBy: [['Pruning']],
  },
  {
    name: 'Keeping and restoring',
    promises: [],
    means:
      'Finished jobs are listed with their logs, and stored elsewhere as they are: what an archive is made of.',
    provedBy: [['Keeping and restoring']],
  },
  {
    name: 'Workers known',
    promises: ['I20'],
    means: 'Who is alive is known from beats; a silent worker keeps its leases until they end.',
    provedBy: [['Workers']],
  },
  {
    name: 'Documents, compare-and-set',
    promises: [],
    means: 'Small documents with versions and expiry; of many writers of one version, one succeeds.',
    provedBy: [['Documents']],
  },
  {
    name: 'Bounded calls',
    promises: ['I19'],
    means:
      'Every call takes and answers lists of a bounded size, and refuses more without touching anything.',
    provedBy: [['Batches']],
  },
  {
    name: 'Orderly close',
    promises: ['I18'],
    means: 'Calls under way at the close are carried out or refused, never left hanging.',
    provedBy: [['Opening and closing']],
  },
  {
    name: 'Wake-ups',
    promises: ['I12'],
    means: 'What becomes claimable is hinted at. A hint may be lost; polling finds the job then.',
    provedBy: [['Hints']],
  },
]

/** The guarantee that a case proves. A subject of which no row speaks is one of its own. */
export const guaranteeOf = (subject: string, sentence: string): string =>
  GUARANTEES.find(({ provedBy }) =>
    provedBy.some(([name, words]) => name === subject && (words === undefined || words.test(sentence))),
  )?.name ?? subject
