-- Tells listeners, with the end of the transaction. That is worth no sync: what a hint tells is in the store already, and one
-- that is lost with the server leaves its jobs to the poll. Parameters: channel, message.
select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)
