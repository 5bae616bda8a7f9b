-- The gates of a queue's groups. Parameters: the queue with a slash behind it, and the text that follows all that begin so.
-- Result: gate. Index: the unique one of gates.
select gate from gates where scope = 'group' and name >= ? and name < ?
