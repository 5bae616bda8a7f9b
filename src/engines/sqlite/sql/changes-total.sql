-- Rows that this connection has ever changed: tells whether a transaction wrote anything. Result: number.
select total_changes()
