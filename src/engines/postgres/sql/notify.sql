-- Tells listeners, with the end of the transaction. Parameters: channel, message.
select pg_notify($1, $2)
